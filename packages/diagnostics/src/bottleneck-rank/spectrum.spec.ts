import {
  concat,
  mul,
  ones,
  random,
  type Shape,
  slice,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import {
  expectClose,
  expectRefusal,
  type GoldenFile,
  runProgram,
  tolerances,
} from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/cbn-rank.json" with { type: "json" };
import { singularValues } from "../matrix/svd.ts";
import { bottleneckRankPrograms } from "./bottleneck-rank.case.ts";
import { denseConvolution } from "./dense.reference.ts";
import { frequencyEnergies } from "./measures.ts";
import { activationSpectrum, convolutionSpectrum, type Spectrum } from "./spectrum.ts";

const drawn = (shape: Shape, seed = 1): Tensor => random(seed).normal(shape, { dtype: "float64" });
const sorted = (values: Float64Array) => ({
  shape: [values.length],
  data: values.slice().sort().reverse(),
});
function expectSame(where: string, got: Spectrum, expected: Spectrum): void {
  const numbers = ({ height, width, count, values }: Spectrum) => ({
    shape: [height, width, count],
    data: values,
  });
  expectClose(where, numbers(got), numbers(expected), tolerances.reference);
}

describe("golden cbn-rank", () => {
  const results = bottleneckRankPrograms.flatMap((program) =>
    runProgram(golden as GoldenFile, program),
  );
  test("every case is run", () => {
    expect(results.map((result) => result.case).sort()).toEqual(
      golden.cases.map(({ name }) => name).sort(),
    );
  });
  for (const { case: name, comparisons } of results) {
    test(`${name}: every number of the file`, () => {
      for (const { tensor: what, error } of comparisons) {
        expect(error, what).toBeLessThanOrEqual(tolerances.golden);
      }
    });
  }
});

describe("convolutionSpectrum", () => {
  test("has the singular values of the whole circular convolution", () => {
    for (const [shape, height, width] of [
      [[3, 2, 3, 3], 4, 5],
      [[2, 3, 1, 2], 3, 3],
      [[2, 2, 5, 3], 3, 4],
    ] as const) {
      const kernel = drawn(shape);
      const { values } = convolutionSpectrum(kernel, { height, width });
      const all = singularValues(denseConvolution(kernel, height, width));
      // The dense matrix has as many as its shorter side.
      expectClose(`[${shape}]`, sorted(values), sorted(all), tolerances.reference);
    }
  });

  test("of groups has the values of each group's own kernel", () => {
    const kernel = drawn([4, 2, 3, 3]);
    const grid = { height: 4, width: 4 };
    const [first, second] = [0, 2].map((start) =>
      convolutionSpectrum(slice(kernel, [start], [start + 2]), grid),
    );
    const together = Float64Array.of(...first!.values, ...second!.values);
    const both = convolutionSpectrum(kernel, { ...grid, groups: 2 });
    expect(both.count).toBe(4);
    expectClose("groups", sorted(both.values), sorted(together), tolerances.reference);
  });

  test("of a dilated kernel is that of the kernel with zeros between its taps", () => {
    const kernel = drawn([2, 3, 2, 2]);
    const apart = (t: Tensor, axis: number): Tensor => {
      const half = (start: number): Tensor =>
        slice(
          t,
          t.shape.map((_, i) => (i === axis ? start : 0)),
          t.shape.map((n, i) => (i === axis ? start + 1 : n)),
        );
      return concat([half(0), mul(half(0), 0), half(1)], axis);
    };
    const grid = { height: 5, width: 6 };
    const vertical = convolutionSpectrum(kernel, { ...grid, dilation: [2, 1] });
    expectSame("vertical", vertical, convolutionSpectrum(apart(kernel, 2), grid));
    const both = convolutionSpectrum(kernel, { ...grid, dilation: 2 });
    expectSame("both", both, convolutionSpectrum(apart(apart(kernel, 2), 3), grid));
  });

  test("takes the scale of a norm as if it were in the kernel", () => {
    const kernel = drawn([3, 2, 3, 3]);
    const scale = tensor(Float64Array.of(2, -0.5, 0), { shape: [3, 1, 1, 1] });
    const grid = { height: 4, width: 4 };
    const folded = convolutionSpectrum(kernel, { ...grid, scale: [2, -0.5, 0] });
    expectSame("scale", folded, convolutionSpectrum(mul(kernel, scale), grid));
  });

  test("has height·width·Σ K² as energy, by Parseval", () => {
    const kernel = drawn([3, 2, 3, 2]);
    const energies = frequencyEnergies(convolutionSpectrum(kernel, { height: 6, width: 5 }));
    const sum = energies.reduce((total, e) => total + e, 0);
    const squares = Array.from(kernel.data).reduce((total, k) => total + k * k, 0);
    const number = (data: number) => ({ shape: [], data: [data] });
    expectClose("Parseval", number(sum), number(30 * squares), tolerances.reference);
  });

  test("refuses kernels and scales that do not fit", () => {
    const grid = { height: 4, width: 4 };
    for (const [run, message] of [
      [
        () => convolutionSpectrum(ones([3, 3]), grid),
        "convolutionSpectrum: expected a kernel [outputs, inputs / groups, height, width] with elements, got shape [3, 3].",
      ],
      [
        () => convolutionSpectrum(ones([3, 1, 1, 1]), { ...grid, groups: 2 }),
        "convolutionSpectrum: expected a number of outputs that groups (2) divides, got shape [3, 1, 1, 1].",
      ],
      [
        () => convolutionSpectrum(ones([3, 1, 1, 1]), { ...grid, scale: [1, 2] }),
        "convolutionSpectrum: expected a scale of 3 numbers, one per output channel, got 2.",
      ],
      [
        () => convolutionSpectrum(ones([3, 1, 1, 1]), { ...grid, height: 0 }),
        "convolutionSpectrum height: expected a whole number >= 1, got 0.",
      ],
    ] as const) {
      expectRefusal("convolutionSpectrum", run, message);
    }
  });
});

describe("activationSpectrum", () => {
  test("has the mean square length of a sample as energy, by Parseval", () => {
    const x = drawn([5, 3, 4, 6]);
    const sum = frequencyEnergies(activationSpectrum(x)).reduce((total, e) => total + e, 0);
    const squares = Array.from(x.data).reduce((total, v) => total + v * v, 0) / 5;
    const number = (data: number) => ({ shape: [], data: [data] });
    expectClose("Parseval", number(sum), number(squares), tolerances.reference);
  });

  test("of planes that are constant lives at frequency 0 alone", () => {
    const x = mul(drawn([4, 3, 1, 1]), ones([4, 3, 5, 5], { dtype: "float64" }));
    const energies = frequencyEnergies(activationSpectrum(x));
    const rest = energies.slice(1).reduce((total, e) => total + e, 0);
    expect(rest / energies[0]!).toBeLessThan(tolerances.reference);
  });

  test("has as many values as samples where these are fewer than channels", () => {
    expect(activationSpectrum(drawn([2, 5, 3, 3])).count).toBe(2);
  });

  test("refuses inputs without planes or elements", () => {
    for (const shape of [
      [4, 3],
      [0, 3, 2, 2],
    ]) {
      expectRefusal(
        "activationSpectrum",
        () => activationSpectrum(zeros(shape)),
        `activationSpectrum: expected x of shape [samples, channels, height, width] with elements, got shape [${shape.join(", ")}].`,
      );
    }
  });
});

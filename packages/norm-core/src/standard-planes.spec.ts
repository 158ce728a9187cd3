import {
  type Backend,
  cast,
  cpu,
  grad,
  mul,
  random,
  relu,
  reshape,
  sum,
  type Tensor,
  useBackend,
  vjp,
} from "@evenkeel/autodiff";
import { checkGradients, expectClose, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { batchPlanes, rowPlanes, samplePlanes } from "./layout.ts";
import { merge, mergeGroups, variance } from "./moments.ts";
import { normalizePlanes } from "./normalize.ts";
import { standardMap } from "./rules.ts";
import { type StandardOptions, standardPlanes } from "./standard-planes.ts";

afterEach(() => useBackend(cpu));

const shape = [4, 6, 5];
const draw = (seed: number, size: readonly number[]): Tensor =>
  random(seed).normal(size, { dtype: "float64" });
const x = draw(1, shape);
const g = draw(2, shape);
const [perChannel, perPlane, places] = [[6], [4, 6], [5]].map((size) => [
  draw(3, size),
  draw(4, size),
]) as [Tensor[], Tensor[], Tensor[]];

interface Kind {
  readonly options: Omit<StandardOptions, "eps">;
  /** Weight and bias of planes, as far as there are any; those along the plane come with `along`. */
  readonly affine: readonly Tensor[];
  readonly along?: readonly Tensor[];
}
const samples = samplePlanes(shape, 1);
const kinds: Readonly<Record<string, Kind>> = {
  "planes of the batch": { options: { layout: batchPlanes(shape, 1) }, affine: perChannel },
  "planes by themselves": { options: { layout: samples }, affine: perChannel },
  "planes by themselves, without an affine": { options: { layout: samples }, affine: [] },
  "a weight alone": { options: { layout: samples }, affine: perChannel.slice(0, 1) },
  "all samples, a weight per plane": {
    options: { layout: samples, acrossSamples: true },
    affine: perPlane,
  },
  "groups of channels": { options: { layout: samples, numGroups: 2 }, affine: perChannel },
  "groups of all samples": {
    options: { layout: samples, acrossSamples: true, numGroups: 3 },
    affine: perPlane,
  },
  "channels on the last axis": {
    options: { layout: samplePlanes([4, 5, 6], -1), acrossSamples: true },
    affine: perChannel,
  },
  "a weight of other than a number per channel": {
    options: { layout: samples },
    affine: [draw(3, [4, 1]), draw(4, [1])],
  },
  "rows of single values, joined over the batch": {
    options: { layout: samplePlanes([20, 6], 1), acrossSamples: true },
    affine: [draw(3, [20, 6]), draw(4, [20, 6])],
  },
  "rows of single values in groups": {
    options: { layout: samplePlanes([20, 6], 1), numGroups: 2 },
    affine: perChannel,
  },
  "rows with a weight and a bias along them": {
    options: { layout: rowPlanes(shape, -1) },
    affine: [],
    along: places,
  },
};

type Call = (...inputs: readonly Tensor[]) => Tensor;

/** By the loops, and op by op. */
function bothOf({ options, affine }: Kind, activation?: "relu"): [Call, Call] {
  const parts = (inputs: readonly Tensor[]) => {
    const [x0, ...rest] = inputs as [Tensor, ...Tensor[]];
    const [weight, bias] = rest.slice(0, affine.length);
    const [alongWeight, alongBias] = rest.slice(affine.length);
    const around = { ...options, weight: alongWeight, bias: alongBias, activation };
    return { x0, weight, bias, around };
  };
  const loops: Call = (...inputs) => {
    const { x0, weight, bias, around } = parts(inputs);
    return standardPlanes(x0, { weight, bias }, { ...around, eps: 0.1 }).output;
  };
  const ops: Call = (...inputs) => {
    const { x0, weight, bias, around } = parts(inputs);
    const { acrossSamples, numGroups, ...plain } = around;
    const given = { ...(weight && { weight }), ...(bias && { bias }) };
    const rule: Parameters<typeof normalizePlanes>[2] = (planes, affineOfRule) => {
      const all = acrossSamples ? merge(planes, { axes: 0 }) : planes;
      const groups = numGroups ? mergeGroups(all, numGroups) : all;
      return standardMap(groups.mean, variance(groups), 0.1, affineOfRule);
    };
    const { output } = normalizePlanes(x0, given, rule, { ...plain, activation: undefined });
    return activation ? relu(output) : output;
  };
  return [loops, ops];
}

describe("standardPlanes", () => {
  for (const [name, kind] of Object.entries(kinds)) {
    const inputs = [x, ...kind.affine, ...(kind.along ?? [])];
    for (const activation of [undefined, "relu"] as const) {
      const behind = activation ? `, with a ${activation}` : "";
      test(`gives output and gradients of the rule op by op: ${name}${behind}`, () => {
        const [ours, theirs] = bothOf(kind, activation).map((f) => vjp(f, ...inputs));
        expectClose("output", ours!.value, theirs!.value, tolerances.reference);
        const expected = theirs!.pullback(g);
        ours!.pullback(g).forEach((gradient, i) => {
          expect(gradient.shape).toEqual(inputs[i]!.shape);
          expectClose(`gradient ${i}`, gradient, expected[i]!, tolerances.reference);
        });
      });
    }
    test(`has right gradients of orders 1 to 3: ${name}`, () => {
      const [loops] = bothOf(kind);
      checkGradients((at: readonly Tensor[]) => loops(...at), inputs, { order: 3 });
    });
  }

  test("takes a weight and a bias in another dtype than x", () => {
    for (const [size, rows] of [
      [[4, 6, 5], perPlane],
      [
        [20, 6],
        [draw(3, [20, 6]), draw(4, [20, 6])],
      ],
    ] as const) {
      const single = cast(reshape(x, size), "float32");
      const options = { layout: samplePlanes(size, 1), eps: 0.1, acrossSamples: true };
      const call = (t: Tensor, weight: Tensor, bias: Tensor): Tensor =>
        standardPlanes(t, { weight, bias }, options).output;
      const inputs = [rows[0]!, rows[1]!] as const;
      const { value, pullback } = vjp(call, single, ...inputs);
      const exact = vjp(call, cast(single, "float64"), ...inputs);
      const { output, gradient } = tolerances.backends.cpu;
      expectClose("output", value, exact.value, output);
      const cotangent = reshape(g, size);
      const theirs = exact.pullback(cotangent);
      pullback(cast(cotangent, "float32")).forEach((t, i) => {
        expect(t.dtype).toBe([single, ...inputs][i]!.dtype);
        expectClose(`gradient ${i}`, t, theirs[i]!, gradient);
      });
    }
  });

  test("gives the moments of all samples or of groups, as constants", () => {
    const options = { layout: samples, eps: 0.1, acrossSamples: true, numGroups: 2 };
    const found = standardPlanes(x, {}, options).moments();
    expect([found.count, found.mean.shape, found.m2.shape]).toEqual([60, [1, 2], [1, 2]]);
    const halves = reshape(x, [4, 2, 15]);
    const mean = sum(halves, { axes: [0, 2] });
    expectClose("mean", mul(found.mean, 60), reshape(mean, [1, 2]), tolerances.reference);
    const slope = grad((t: Tensor) => sum(standardPlanes(t, {}, options).moments().mean))(x);
    expect(slope.data.every((v) => v === 0)).toBe(true);
  });

  test("costs four ops a step, and works op by op where memory cannot be looked at", () => {
    const names: string[] = [];
    const counting = (inProcess: boolean): Backend => ({
      ...cpu,
      inProcess,
      run(spec, out, inputs, params) {
        names.push(spec.name);
        cpu.run(spec, out, inputs, params);
      },
    });
    const inputs = [x, ...perChannel];
    const [loops] = bothOf(kinds["planes by themselves"]!);
    useBackend(counting(true));
    const near = vjp(loops, ...inputs).pullback(g);
    expect(names).toEqual(["planeMoments", "planeAffine", "planeSums", "planeCombine"]);
    useBackend(counting(false));
    const far = vjp(loops, ...inputs).pullback(g);
    expect(names.length).toBeGreaterThan(20);
    useBackend(cpu);
    near.forEach((gradient, i) => {
      expectClose(`gradient ${i}`, gradient, far[i]!, tolerances.reference);
    });
  });
});

import { cast, random, type Tensor, tensor } from "@evenkeel/autodiff";
import {
  checkGradients,
  eachIndex,
  expectClose,
  type NdArray,
  ndarray,
  type OpCase,
  opSuite,
  tensors,
  tolerances,
} from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchPlanes, type Layout, rowPlanes, samplePlanes } from "./layout.ts";
import { planeMoments } from "./plane-moments.ts";

const layouts: Readonly<Record<string, Layout>> = {
  "channels first": samplePlanes([2, 3, 5], 1),
  "channels last": samplePlanes([2, 5, 3], 2),
  "channels in the middle": samplePlanes([2, 3, 2, 5], 2),
  "planes of the batch": batchPlanes([3, 2, 7], 1),
  "planes of the batch, channels last": batchPlanes([3, 2, 2], -1),
  rows: rowPlanes([4, 6], 1),
  "strided rows": rowPlanes([2, 5, 3], 1),
};
const shapeOf = ({ samples, outer, channels, inner }: Layout): readonly number[] => [
  samples,
  outer,
  channels,
  inner,
];

/** Lists each plane's elements, then takes their mean and their squares about it. */
function reference({ data }: NdArray, layout: Layout): NdArray {
  const { samples, channels } = layout;
  const planes = Array.from({ length: samples * channels }, (): number[] => []);
  eachIndex(shapeOf(layout), ([n, , c], i) => planes[n! * channels + c!]!.push(data[i]!));
  const means = planes.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
  const squares = planes.map((list, k) => list.reduce((a, b) => a + (b - means[k]!) ** 2, 0));
  return ndarray([2, samples, channels], [...means, ...squares]);
}

const row: OpCase<Layout> = {
  name: "planeMoments",
  call: ([x], layout) => planeMoments(x!, layout, "float64"),
  samples: fc
    .oneof(
      fc.constantFrom(...Object.values(layouts)),
      fc.record({
        samples: fc.integer({ min: 1, max: 3 }),
        outer: fc.integer({ min: 1, max: 3 }),
        channels: fc.integer({ min: 1, max: 3 }),
        inner: fc.integer({ min: 1, max: 11 }),
      }),
    )
    .chain((layout) => tensors(shapeOf(layout)).map((x) => ({ inputs: [x], params: layout }))),
  reference: ([x], layout) => reference(x!, layout),
};

/** Numbers about 1e6 that float32 holds, and how far above 1e6 they are. */
function farAway(shape: readonly number[]): { x: Tensor; above: NdArray } {
  const stream = random(7);
  const above = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
    stream.integer(64),
  ).map((v) => v / 16);
  const x = tensor(
    above.map((v) => 1e6 + v),
    { shape },
  );
  return { x, above: ndarray(shape, above) };
}

describe("planeMoments", () => {
  for (const { name, run } of opSuite(row)) test(name, run);

  for (const [name, layout] of Object.entries(layouts)) {
    test(`has right gradients of orders 1 to 3 over ${name}`, () => {
      const x = random(3).normal(shapeOf(layout), { dtype: "float64" });
      checkGradients((at) => planeMoments(at, layout, "float64"), x, { order: 3 });
    });
    test(`keeps every digit of M2 at an offset of a million over ${name}`, () => {
      const { x, above } = farAway(shapeOf(layout));
      const expected = reference(above, layout);
      const planes = expected.data.length / 2;
      expected.data.forEach((v, i) => {
        if (i < planes) expected.data[i] = 1e6 + v;
      });
      for (const dtype of ["float64", "float32"] as const) {
        const found = planeMoments(cast(x, dtype), layout, "float64");
        expect(found.dtype).toBe("float64");
        for (const half of [0, planes]) {
          const part = (t: { readonly data: ArrayLike<number> }): NdArray =>
            ndarray([planes], Array.from(t.data).slice(half, half + planes));
          expectClose(dtype, part(found), part(expected), tolerances.golden);
        }
      }
    });
  }

  test("of one value is that value, and M2 is 0", () => {
    const x = random(1).normal([3], { dtype: "float64" });
    const found = planeMoments(x, rowPlanes([3, 1], 1), "float64");
    expect([...found.data]).toEqual([...x.data, 0, 0, 0]);
  });
});

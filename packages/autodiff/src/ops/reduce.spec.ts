import {
  at,
  type Domain,
  eachIndex,
  type NdArray,
  ndarray,
  type OpCase,
  opSuite,
  shapes,
  tensors,
} from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Folds the numbers along the reduced axes, index by index. */
function reference(fold: (values: readonly number[]) => number) {
  return ([x]: readonly NdArray[], { axes, keepDims }: Reduction): NdArray => {
    const gone = new Set(axes.map((a) => (a + x!.shape.length) % x!.shape.length));
    const groups = new Map<string, number[]>();
    eachIndex(x!.shape, (index) => {
      const key = index.filter((_, axis) => !gone.has(axis)).join();
      groups.set(key, [...(groups.get(key) ?? []), at(x!, index)]);
    });
    const kept = x!.shape.map((n, axis) => (gone.has(axis) ? 1 : n));
    const shape = keepDims ? kept : kept.filter((_, axis) => !gone.has(axis));
    return ndarray(shape, [...groups.values()].map(fold));
  };
}

/** A tensor, some of its axes counted from either end, and whether they stay. */
function reductions(domain: Domain) {
  return fc
    .record({
      x: tensors(shapes({ minRank: 1 }), domain),
      picks: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      keepDims: fc.boolean(),
    })
    .map(({ x, picks, keepDims }) => {
      const axes = x.shape.map((_, i) => i).filter((i) => picks[i]);
      return {
        inputs: [x],
        params: { axes: axes.map((a) => (picks[a + 4] ? a : a - x.rank)), keepDims },
      };
    });
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const whole: Reduction = { axes: [0], keepDims: false };
const f64 = (data: ad.NestedNumbers): ad.Tensor => ad.tensor(data, { dtype: "float64" });

const rows: readonly OpCase<Reduction>[] = [
  {
    name: "sum",
    call: ([x], options) => ad.sum(x!, options),
    samples: reductions({}),
    reference: reference(total),
    specialValues: [{ name: "nothing", inputs: [f64([])], params: whole, output: [0] }],
    rejects: [
      {
        name: "an axis outside the rank",
        call: () => ad.sum(ad.zeros([2, 3]), { axes: 2 }),
        message: "sum: expected an axis from -2 to 1, got 2.",
      },
      {
        name: "an axis given twice",
        call: () => ad.sum(ad.zeros([2, 3]), { axes: [1, -1] }),
        message: "sum: expected each axis once, got [1, 1].",
      },
    ],
  },
  {
    name: "mean",
    call: ([x], options) => ad.mean(x!, options),
    samples: reductions({}),
    reference: reference((values) => total(values) / values.length),
    specialValues: [{ name: "nothing", inputs: [f64([])], params: whole, output: [Number.NaN] }],
  },
  {
    name: "max",
    call: ([x], options) => ad.max(x!, options),
    samples: reductions({ distinct: true }),
    reference: reference((values) => Math.max(...values)),
    specialValues: [
      {
        name: "ties, which share the gradient",
        inputs: [f64([3, 1, 3])],
        params: whole,
        output: [3],
        gradients: [[0.5, 0, 0.5]],
      },
      { name: "NaN", inputs: [f64([1, Number.NaN, 2])], params: whole, output: [Number.NaN] },
    ],
    rejects: [
      {
        name: "nothing to reduce",
        call: () => ad.max(ad.zeros([2, 0]), { axes: 1 }),
        message: "max: expected at least one element to reduce, got shape [2, 0].",
      },
    ],
  },
  {
    name: "min",
    call: ([x], options) => ad.min(x!, options),
    samples: reductions({ distinct: true }),
    reference: reference((values) => Math.min(...values)),
    specialValues: [
      {
        name: "ties, which share the gradient",
        inputs: [f64([1, 3, 1])],
        params: whole,
        output: [1],
        gradients: [[0.5, 0, 0.5]],
      },
    ],
    rejects: [
      {
        name: "nothing to reduce",
        call: () => ad.min(ad.zeros([0])),
        message: "min: expected at least one element to reduce, got shape [0].",
      },
      {
        name: "an axis outside the rank",
        call: () => ad.min(ad.zeros([2]), { axes: -2 }),
        message: "min: expected an axis from -1 to 0, got -2.",
      },
    ],
  },
];

/** Along one axis: what is left of each number beside the others of its group. */
function alongAxis(f: (v: number, group: readonly number[]) => number) {
  return ([x]: readonly NdArray[], axis: number): NdArray => {
    const out = ndarray(x!.shape);
    eachIndex(x!.shape, (index, place) => {
      const group = Array.from({ length: x!.shape[axis]! }, (_, i) => at(x!, index.with(axis, i)));
      out.data[place] = f(at(x!, index), group);
    });
    return out;
  };
}

const alongSamples = fc
  .tuple(tensors(shapes({ minRank: 1, maxRank: 3 })), fc.nat({ max: 2 }))
  .map(([x, axis]) => ({ inputs: [x], params: axis % x.rank }));
const sumExp = (group: readonly number[]): number => total(group.map(Math.exp));

const softmaxes: readonly OpCase<number>[] = [
  {
    name: "softmax",
    call: ([x], axis) => ad.softmax(x!, { axis }),
    samples: alongSamples,
    reference: alongAxis((v, group) => Math.exp(v) / sumExp(group)),
    specialValues: [
      { name: "large numbers", inputs: [f64([1e4, 1e4, -1e4])], params: 0, output: [0.5, 0.5, 0] },
    ],
    rejects: [
      {
        name: "an axis outside the rank",
        call: () => ad.softmax(ad.zeros([2]), { axis: 1 }),
        message: "softmax: expected an axis from -1 to 0, got 1.",
      },
    ],
  },
  {
    name: "logSoftmax",
    call: ([x], axis) => ad.logSoftmax(x!, { axis }),
    samples: alongSamples,
    reference: alongAxis((v, group) => v - Math.log(sumExp(group))),
    specialValues: [
      { name: "large numbers", inputs: [f64([1e4, 0])], params: 0, output: [0, -1e4] },
    ],
  },
];

for (const op of rows) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}
for (const op of softmaxes) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}

describe("reductions by default", () => {
  const x = ad.tensor([
    [1, 2],
    [3, 5],
  ]);
  test("take all axes and drop them", () => {
    const results = [ad.sum(x), ad.mean(x), ad.max(x), ad.min(x)];
    expect(results.map((y) => [y.shape, y.item()])).toEqual([
      [[], 11],
      [[], 2.75],
      [[], 5],
      [[], 1],
    ]);
  });
  test("take one axis as a number, and none as an empty list", () => {
    expect(ad.sum(x, { axes: -1 }).toArray()).toEqual([3, 8]);
    expect(ad.sum(x, { axes: [] }).toArray()).toEqual(x.toArray());
  });
  test("softmax and logSoftmax take the last axis", () => {
    expect(ad.softmax(ad.zeros([1, 2])).toArray()).toEqual([[0.5, 0.5]]);
    expect(ad.logSoftmax(ad.zeros([2, 1])).toArray()).toEqual([[0], [0]]);
  });
  test("float32 sums are accumulated in float64", () => {
    const many = ad.full([1_000_000], 0.1);
    expect(ad.sum(many).item()).toBe(Math.fround(1_000_000 * Math.fround(0.1)));
  });
});

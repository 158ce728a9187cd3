import * as ad from "@evenkeel/autodiff";
import fc, { type Arbitrary } from "fast-check";
import { type Domain, shapes, tensors } from "../arbitrary.ts";
import { at, eachIndex, type NdArray, ndarray } from "../ndarray.ts";
import type { OpCase, OpSample } from "../op-suite.ts";
import { f64 } from "./draw.ts";

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
function reductions(domain: Domain): Arbitrary<OpSample<Reduction>> {
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

export const reductionCases: readonly OpCase<Reduction>[] = [
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

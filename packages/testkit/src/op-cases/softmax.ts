import * as ad from "@evenkeel/autodiff";
import fc from "fast-check";
import { shapes, tensors } from "../arbitrary.ts";
import { at, eachIndex, type NdArray, ndarray } from "../ndarray.ts";
import type { OpCase } from "../op-suite.ts";
import { f64 } from "./draw.ts";

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

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

export const softmaxCases: readonly OpCase<number>[] = [
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

import * as ad from "@evenkeel/autodiff";
import fc from "fast-check";
import { drawTensor, seeds } from "../arbitrary.ts";
import { at, build } from "../ndarray.ts";
import type { OpCase } from "../op-suite.ts";

const side = fc.integer({ min: 1, max: 6 });
/** Batches that broadcast: each axis is in both, or 1 in one of them, or missing in the first. */
const batches = fc.constantFrom(
  [[], []],
  [[2], [2]],
  [[3], [1]],
  [[], [2]],
  [[2, 1], [3]],
  [
    [1, 2],
    [2, 1],
  ],
);

export const matmulCase: OpCase = {
  name: "matmul",
  call: ([a, b]) => ad.matmul(a!, b!),
  samples: fc
    .record({ batch: batches, m: side, k: side, n: side, seed: seeds() })
    .map(({ batch: [left, right], m, k, n, seed }) => {
      const stream = ad.random(seed);
      const inputs = [drawTensor(stream, [...left!, m, k]), drawTensor(stream, [...right!, k, n])];
      return { inputs, params: undefined };
    }),
  reference([a, b]) {
    const [m, k] = a!.shape.slice(-2) as [number, number];
    const batch = ad.broadcastShapes("reference", a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    const own = (shape: readonly number[], index: readonly number[]): number[] =>
      index.slice(index.length - shape.length + 2).map((i, axis) => (shape[axis] === 1 ? 0 : i));
    return build([...batch, m, b!.shape.at(-1)!], (index) => {
      const [outer, [i, j]] = [index.slice(0, -2), index.slice(-2)];
      let total = 0;
      for (let l = 0; l < k; l++) {
        total +=
          at(a!, [...own(a!.shape, outer), i!, l]) * at(b!, [...own(b!.shape, outer), l, j!]);
      }
      return total;
    });
  },
  rejects: [
    {
      name: "inner sizes that differ",
      call: () => ad.matmul(ad.zeros([2, 3]), ad.zeros([4, 5])),
      message: "matmul: expected shapes [..., m, k] and [..., k, n], got [2, 3] and [4, 5].",
    },
    {
      name: "vectors",
      call: () => ad.matmul(ad.zeros([3]), ad.zeros([3, 5])),
      message: "matmul: expected shapes [..., m, k] and [..., k, n], got [3] and [3, 5].",
    },
    {
      name: "batches that do not broadcast",
      call: () => ad.matmul(ad.zeros([2, 1, 1]), ad.zeros([3, 1, 1])),
      message:
        "matmul: expected shapes that broadcast (equal sizes or 1, aligned at the last axis), got [2] and [3].",
    },
  ],
};

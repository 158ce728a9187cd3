import * as ad from "@evenkeel/autodiff";
import fc from "fast-check";
import { shapes, tensors } from "../arbitrary.ts";
import { at, build } from "../ndarray.ts";
import type { OpCase } from "../op-suite.ts";

interface Picked {
  readonly indices: readonly number[];
  readonly axis: number;
  /** How the indices are given. */
  readonly as: "list" | "array" | "tensor";
}

const samples = fc
  .record({
    x: tensors(shapes({ minRank: 1, maxRank: 3 })),
    axis: fc.nat({ max: 2 }),
    picks: fc.array(fc.nat({ max: 11 }), { maxLength: 5 }),
    as: fc.constantFrom<Picked["as"]>("list", "array", "tensor"),
  })
  .map(({ x, axis, picks, as }) => {
    const own = axis % x.rank;
    const indices = picks.map((p) => p % x.shape[own]!);
    return { inputs: [x], params: { indices, axis: own - (picks.length % 2) * x.rank, as } };
  });

function given({ indices, as }: Picked): ad.Indices {
  if (as === "tensor") return ad.tensor(Float32Array.from(indices));
  return as === "array" ? Int32Array.from(indices) : indices;
}

export const gatherCase: OpCase<Picked> = {
  name: "gather",
  call: ([x], params) => ad.gather(x!, given(params), { axis: params.axis }),
  samples,
  reference([x], { indices, axis }) {
    const own = (axis + x!.shape.length) % x!.shape.length;
    return build(x!.shape.with(own, indices.length), (index) =>
      at(x!, index.with(own, indices[index[own]!]!)),
    );
  },
  rejects: [
    {
      name: "an index beyond the axis",
      call: () => ad.gather(ad.zeros([3, 2]), [0, 3]),
      message: "gather: expected whole-number indices from 0 to 2, got 3 at position 1.",
    },
    {
      name: "a negative index",
      call: () => ad.gather(ad.zeros([3]), [-1]),
      message: "gather: expected whole-number indices from 0 to 2, got -1 at position 0.",
    },
    {
      name: "half an index",
      call: () => ad.gather(ad.zeros([3]), ad.tensor([0.5])),
      message: "gather: expected whole-number indices from 0 to 2, got 0.5 at position 0.",
    },
    {
      name: "an axis outside the rank",
      call: () => ad.gather(ad.zeros([3]), [0], { axis: 1 }),
      message: "gather: expected an axis from -1 to 0, got 1.",
    },
  ],
};

interface Scattered {
  readonly indices: readonly number[];
  readonly size: number;
  readonly axis: number;
}
export const scatterAddCase: OpCase<Scattered> = {
  name: "scatterAdd",
  call: ([x], { indices, size, axis }) => ad.scatterAdd(x!, indices, size, { axis }),
  samples: fc
    .record({
      x: tensors(shapes({ minRank: 1, maxRank: 3 })),
      axis: fc.nat({ max: 2 }),
      picks: fc.array(fc.nat({ max: 11 }), { minLength: 4, maxLength: 4 }),
      size: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ x, axis, picks, size }) => {
      const indices = picks.slice(0, x.shape[axis % x.rank]!).map((p) => p % size);
      return { inputs: [x], params: { indices, size, axis: axis % x.rank } };
    }),
  reference([x], { indices, size, axis }) {
    return build(x!.shape.with(axis, size), (index) => {
      let total = 0;
      indices.forEach((to, i) => {
        if (to === index[axis]) total += at(x!, index.with(axis, i));
      });
      return total;
    });
  },
  rejects: [
    {
      name: "an index beyond the size",
      call: () => ad.scatterAdd(ad.zeros([2]), [0, 3], 3),
      message: "scatterAdd: expected whole-number indices from 0 to 2, got 3 at position 1.",
    },
    {
      name: "too few indices",
      call: () => ad.scatterAdd(ad.zeros([2, 3]), [0], 3),
      message: "scatterAdd: expected one index per slice of axis 0 of [2, 3], got 1.",
    },
    {
      name: "a negative size",
      call: () => ad.scatterAdd(ad.zeros([0]), [], -1),
      message: "scatterAdd: expected a shape of whole numbers >= 0, got [-1].",
    },
  ],
};

import * as ad from "@evenkeel/autodiff";
import { at, build, ndarray } from "../ndarray.ts";
import type { OpCase } from "../op-suite.ts";
import { withParams } from "./draw.ts";

/** A permutation of 0..n-1 from numbers. */
function orderOf(n: number, numbers: readonly number[]): number[] {
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => numbers[a]! - numbers[b]! || a - b);
}

export const reshapeCase: OpCase<ad.Shape> = {
  name: "reshape",
  call: ([x], shape) => ad.reshape(x!, shape),
  samples: withParams((shape, [merge, hole]) => {
    const keep = merge! % shape.length;
    const merged = [...shape.slice(0, keep), ad.sizeOf(shape.slice(keep))];
    return hole! % 2 ? [-1, ...merged.slice(1)] : [...merged, 1];
  }),
  reference: ([x], shape) => {
    const rest = x!.data.length / ad.sizeOf(shape.filter((n) => n > 0));
    return ndarray(
      shape.map((n) => (n < 0 ? rest : n)),
      x!.data,
    );
  },
  rejects: [
    {
      name: "another number of elements",
      call: () => ad.reshape(ad.zeros([2, 3]), [4]),
      message:
        "reshape: expected a shape of 6 elements, with at most one -1, got [4] for a tensor of shape [2, 3].",
    },
    {
      name: "a rest that is not whole",
      call: () => ad.reshape(ad.zeros([2, 3]), [4, -1]),
      message:
        "reshape: expected a shape of 6 elements, with at most one -1, got [4, -1] for a tensor of shape [2, 3].",
    },
    {
      name: "two unknown sizes",
      call: () => ad.reshape(ad.zeros([2, 3]), [-1, -1]),
      message:
        "reshape: expected a shape of 6 elements, with at most one -1, got [-1, -1] for a tensor of shape [2, 3].",
    },
  ],
};

export const broadcastToCase: OpCase<ad.Shape> = {
  name: "broadcastTo",
  call: ([x], shape) => ad.broadcastTo(x!, shape),
  samples: withParams((shape, [lead, side, ...rest]) => [
    ...rest.slice(0, lead! % 3).map((n) => 1 + (n % 3)),
    ...shape.map((n) => (n === 1 ? 1 + (side! % 3) : n)),
  ]),
  reference: ([x], shape) =>
    build(shape, (index) => {
      const own = index.slice(index.length - x!.shape.length);
      return at(
        x!,
        own.map((i, axis) => (x!.shape[axis] === 1 ? 0 : i)),
      );
    }),
  rejects: [
    {
      name: "a shape that would need a sum",
      call: () => ad.broadcastTo(ad.zeros([2, 3]), [3]),
      message: "broadcastTo: expected a shape that [2, 3] broadcasts to, got [3].",
    },
    {
      name: "a shape of other sizes",
      call: () => ad.broadcastTo(ad.zeros([2]), [3]),
      message:
        "broadcastTo: expected shapes that broadcast (equal sizes or 1, aligned at the last axis), got [2] and [3].",
    },
    {
      name: "a size of -1",
      call: () => ad.broadcastTo(ad.zeros([1]), [-1]),
      message: "broadcastTo: expected a shape of whole numbers >= 0, got [-1].",
    },
  ],
};

export const transposeCase: OpCase<readonly number[]> = {
  name: "transpose",
  call: ([x], axes) => ad.transpose(x!, axes),
  samples: withParams((shape, numbers) =>
    orderOf(shape.length, numbers).map((a, i) => (numbers[i + 4]! % 2 ? a : a - shape.length)),
  ),
  reference: ([x], axes) => {
    const order = axes.map((a) => (a + axes.length) % axes.length);
    return build(
      order.map((a) => x!.shape[a]!),
      (index) =>
        at(
          x!,
          order.map((_, axis) => index[order.indexOf(axis)]!),
        ),
    );
  },
  rejects: [
    {
      name: "an axis given twice",
      call: () => ad.transpose(ad.zeros([2, 3]), [0, 0]),
      message: "transpose: expected each axis once, got [0, 0].",
    },
    {
      name: "too few axes",
      call: () => ad.transpose(ad.zeros([2, 3]), [1]),
      message: "transpose: expected all 2 axes in some order, got [1].",
    },
  ],
};

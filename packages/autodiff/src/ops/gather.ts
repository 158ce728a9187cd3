import { currentBackend } from "../backend.ts";
import { refuse, ShapeError, showShape, ValueError } from "../error.ts";
import { defineOp, type Op } from "../op.ts";
import { checkAxis, checkShape, type Shape, sizeOf } from "../shape.ts";
import { fromArray, Tensor } from "../tensor.ts";

/** Positions along an axis: whole numbers; a tensor of them may have any shape. */
export type Indices = readonly number[] | Int32Array | Tensor;

/** Calls `visit(i, o)` with the offsets of each picked run of `inner` elements in x and in the result. */
function eachRun(
  x: Shape,
  axis: number,
  indices: Tensor,
  visit: (i: number, o: number) => void,
): void {
  const inner = sizeOf(x.slice(axis + 1));
  const n = x[axis]!;
  const at = indices.data;
  let o = 0;
  for (let outer = 0; outer < sizeOf(x.slice(0, axis)); outer++) {
    for (let k = 0; k < at.length; k++, o += inner) visit((outer * n + at[k]!) * inner, o);
  }
}

const gatherOp: Op<number> = defineOp<number>({
  name: "gather",
  shape: ([x, at], axis) => [...x!.slice(0, axis), ...at!, ...x!.slice(axis + 1)],
  dtype: ([x]) => x!,
  kernel(out, [x, at], axis) {
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const [from, to] = [x!.data, out.data];
    eachRun(x!.shape, axis, at!, (i, o) => {
      for (let j = 0; j < inner; j++) to[o + j] = from[i + j]!;
    });
  },
  vjp: (g, _y, [x, at], axis) => [scatterAddOp([g, at!], { axis, shape: x!.shape }), null],
});

interface Scatter {
  readonly axis: number;
  readonly shape: Shape;
}
const scatterAddOp: Op<Scatter> = defineOp<Scatter>({
  name: "scatterAdd",
  shape: (_, { shape }) => shape,
  dtype: ([x]) => x!,
  kernel(out, [x, at], { axis, shape }) {
    const inner = sizeOf(shape.slice(axis + 1));
    const [from, to] = [x!.data, out.data];
    to.fill(0);
    eachRun(shape, axis, at!, (i, o) => {
      for (let j = 0; j < inner; j++) to[i + j]! += from[o + j]!;
    });
  },
  vjp: (g, _y, [, at], { axis }) => [gatherOp([g, at!], axis), null],
});

function toIndices(where: string, indices: Indices, n: number, x: Tensor): Tensor {
  if (indices instanceof Tensor && !currentBackend().inProcess) return indices;
  const list = indices instanceof Tensor ? indices.data : indices;
  for (let i = 0; i < list.length; i++) {
    const at = list[i]!;
    if (Number.isInteger(at) && at >= 0 && at < n) continue;
    refuse(ValueError, where, `whole-number indices from 0 to ${n - 1}`, `${at} at position ${i}`);
  }
  return indices instanceof Tensor ? indices : fromArray(indices, [indices.length], x.dtype);
}

/**
 * Picks slices of x along an axis, repeats allowed: `out[…, k, …] = x[…, indices[k], …]`.
 *
 * @param indices - Whole numbers in [0, size of the axis). Their shape replaces the axis.
 * @throws ValueError for an index outside the axis; of a tensor's, only where the backend's memory can be
 *   looked at, and elsewhere what is picked for them is undefined.
 */
export function gather(
  x: Tensor,
  indices: Indices,
  { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  const a = checkAxis("gather", axis, x.rank);
  return gatherOp([x, toIndices("gather", indices, x.shape[a]!, x)], a);
}

/**
 * Zeros of a length along an axis, with slices of x added at the indices: the gradient of `gather`.
 *
 * @param size - Length of the axis in the result.
 * @throws ValueError for an index outside it.
 */
export function scatterAdd(
  x: Tensor,
  indices: readonly number[] | Int32Array,
  size: number,
  { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  checkShape("scatterAdd", [size]);
  const a = checkAxis("scatterAdd", axis, x.rank);
  const at = toIndices("scatterAdd", indices, size, x);
  if (at.size !== x.shape[a]) {
    const expected = `one index per slice of axis ${a} of ${showShape(x.shape)}`;
    refuse(ShapeError, "scatterAdd", expected, `${at.size}`);
  }
  const shape = x.shape.map((n, i) => (i === a ? size : n));
  return scatterAddOp([x, at], { axis: a, shape });
}

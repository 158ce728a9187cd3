import { refuse, ShapeError, showShape } from "../error.ts";
import { defineOp } from "../op.ts";
import {
  broadcastShapes,
  broadcastStrides,
  checkAxes,
  checkAxis,
  checkShape,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { readKernel, transposeKernel, walk } from "./kernels.ts";

const reshapeOp = defineOp<Shape>({
  name: "reshape",
  view: true,
  shape: (_, shape) => shape,
  kernel() {},
  vjp: (g, _y, [x]) => [reshape(g, x!.shape)],
});
/** The same elements, row-major, under another shape; one size may be −1 and follows from the rest. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const holes = shape.filter((n) => n === -1).length;
  const known = sizeOf(shape.filter((n) => n !== -1));
  const full = holes === 1 ? shape.map((n) => (n === -1 ? x.size / known : n)) : [...shape];
  if (holes > 1 || !full.every((n) => Number.isInteger(n) && n >= 0) || sizeOf(full) !== x.size) {
    refuse(
      ShapeError,
      "reshape",
      `a shape of ${x.size} elements, with at most one -1`,
      `${showShape(shape)} for a tensor of shape ${showShape(x.shape)}`,
    );
  }
  return reshapeOp([x], full);
}

const broadcastToOp = defineOp<Shape>({
  name: "broadcastTo",
  shape([x], shape) {
    if (!sameShape(broadcastShapes("broadcastTo", x!, shape), shape)) {
      const expected = `a shape that ${showShape(x!)} broadcasts to`;
      refuse(ShapeError, "broadcastTo", expected, showShape(shape));
    }
    return shape;
  },
  kernel(out, [x]) {
    if (x!.size === 1) out.data.fill(x!.data[0]!);
    else readKernel(out, x!, broadcastStrides(x!.shape, out.shape));
  },
  vjp: (g) => [g],
});
/** x repeated along axes of size 1 and along new leading axes. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkShape("broadcastTo", shape);
  return broadcastToOp([x], [...shape]);
}

const transposeOp = defineOp<readonly number[]>({
  name: "transpose",
  shape: ([x], axes) => axes.map((a) => x![a]!),
  kernel: (out, [x], axes) => transposeKernel(out, x!, axes),
  vjp(g, _y, _x, axes) {
    const back = axes.map((_, i) => axes.indexOf(i));
    return [transpose(g, back)];
  },
});
/** Axis i of the result is axis `axes[i]` of x. Default: the axes reversed. */
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  const order = (axes ?? x.shape.map((_, i) => x.rank - 1 - i)).map((a) =>
    checkAxis("transpose", a, x.rank),
  );
  if (checkAxes("transpose", order, x.rank).length !== x.rank) {
    refuse(ShapeError, "transpose", `all ${x.rank} axes in some order`, showShape(order));
  }
  return transposeOp([x], order);
}

/** Copies the box of `size` from offset `from` of one array to offset `to` of another; `[]` is its start. */
function copyBox(
  size: Shape,
  source: Tensor,
  target: Tensor,
  from: readonly number[],
  to: readonly number[] = [],
): void {
  const ss = stridesOf(source.shape);
  const ts = stridesOf(target.shape);
  const at = (strides: readonly number[], offset: readonly number[]): number =>
    offset.reduce((sum, n, i) => sum + n * strides[i]!, 0);
  const s0 = at(ss, from);
  const t0 = at(ts, to);
  const n = size.at(-1) ?? 1;
  const [data, out] = [source.data, target.data];
  walk(size.slice(0, -1), [ss, ts], (s, t) => {
    for (let i = 0; i < n; i++) out[t0 + t + i] = data[s0 + s + i]!;
  });
}

interface Box {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}
const sliceOp = defineOp<Box>({
  name: "slice",
  shape: (_, { begin, end }) => begin.map((b, i) => end[i]! - b),
  kernel: (out, [x], { begin }) => copyBox(out.shape, x!, out, begin),
  vjp(g, _y, [x], { begin, end }) {
    const around = begin.map((b, i) => [b, x!.shape[i]! - end[i]!]);
    return [pad(g, around)];
  },
});
/**
 * The elements with begin ≤ index < end on each axis. Negative positions count from the end; missing
 * trailing ones take the whole axis.
 */
export function slice(x: Tensor, begin: readonly number[], end: readonly number[] = []): Tensor {
  const from = x.shape.map((n, i) => position(begin[i] ?? 0, n));
  const to = x.shape.map((n, i) => position(end[i] ?? n, n));
  const legal =
    from.every((b, i) => b >= 0 && b <= to[i]! && to[i]! <= x.shape[i]!) &&
    [...from, ...to].every(Number.isInteger);
  if (!legal || begin.length > x.rank || end.length > x.rank) {
    refuse(
      ShapeError,
      "slice",
      `whole numbers 0 <= begin <= end within ${showShape(x.shape)}`,
      `begin ${showShape(begin)}, end ${showShape(end)}`,
    );
  }
  return sliceOp([x], { begin: from, end: to });
}
function position(i: number, n: number): number {
  return i < 0 ? i + n : i;
}

type Padding = readonly (readonly [before: number, after: number])[];
const padOp = defineOp<Padding>({
  name: "pad",
  shape: ([x], padding) => x!.map((n, i) => n + padding[i]![0] + padding[i]![1]),
  kernel(out, [x], padding) {
    out.data.fill(0);
    const before = padding.map(([n]) => n);
    copyBox(x!.shape, x!, out, [], before);
  },
  vjp: (g, _y, [x], padding) => {
    const begin = padding.map(([before]) => before);
    const end = begin.map((b, i) => b + x!.shape[i]!);
    return [slice(g, begin, end)];
  },
});
/** x with zeros before and after on each axis: one [before, after] per axis. */
export function pad(x: Tensor, padding: readonly (readonly number[])[]): Tensor {
  const legal = padding.every(
    (p) => p.length === 2 && p.every((n) => Number.isInteger(n) && n >= 0),
  );
  if (padding.length !== x.rank || !legal) {
    refuse(
      ShapeError,
      "pad",
      `${x.rank} pairs [before, after] of whole numbers >= 0`,
      JSON.stringify(padding),
    );
  }
  return padOp([x], padding as Padding);
}

const concatOp = defineOp<number>({
  name: "concat",
  shape(shapes, axis) {
    const [first] = shapes;
    for (const shape of shapes) {
      if (shape.length === first!.length && shape.every((n, i) => i === axis || n === first![i]))
        continue;
      refuse(
        ShapeError,
        "concat",
        `shapes that agree except on axis ${axis}`,
        shapes.map(showShape).join(" and "),
      );
    }
    return first!.map((n, i) => (i === axis ? shapes.reduce((sum, s) => sum + s[i]!, 0) : n));
  },
  kernel(out, inputs, axis) {
    const at = out.shape.map(() => 0);
    for (const x of inputs) {
      copyBox(x.shape, x, out, [], at);
      at[axis]! += x.shape[axis]!;
    }
  },
  vjp(g, _y, inputs, axis) {
    let at = 0;
    return inputs.map((x) => {
      const begin = x.shape.map((_, i) => (i === axis ? at : 0));
      at += x.shape[axis]!;
      const end = x.shape.map((n, i) => (i === axis ? at : n));
      return slice(g, begin, end);
    });
  },
});
/** Tensors laid end to end along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) return refuse(ShapeError, "concat", "at least one tensor", "none");
  return concatOp(tensors, checkAxis("concat", axis, first.rank));
}

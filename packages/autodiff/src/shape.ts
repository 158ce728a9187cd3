import { refuse, ShapeError, showShape } from "./error.ts";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];
/** One axis or several; negative ones count from the end. */
export type Axes = number | readonly number[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function checkShape(where: string, shape: Shape): void {
  for (const n of shape) {
    if (Number.isInteger(n) && n >= 0) continue;
    refuse(ShapeError, where, "a shape of whole numbers >= 0", showShape(shape));
  }
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** The axis counted from the front; refuses one outside the rank. */
export function checkAxis(where: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return refuse(ShapeError, where, `an axis from ${-rank} to ${rank - 1}`, String(axis));
}

/** Axes counted from the front, ascending; all of them when `axes` is undefined. */
export function checkAxes(where: string, axes: Axes | undefined, rank: number): number[] {
  if (axes === undefined) {
    const all: number[] = [];
    for (let axis = 0; axis < rank; axis++) all.push(axis);
    return all;
  }
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => checkAxis(where, a, rank));
  if (list.some((a, i) => list.indexOf(a) < i)) {
    refuse(ShapeError, where, "each axis once", showShape(list));
  }
  return list.sort((a, b) => a - b);
}

/** The shape that two shapes broadcast to, by NumPy's rule. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const m = a[a.length - i] ?? 1;
    const n = b[b.length - i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      refuse(
        ShapeError,
        where,
        "shapes that broadcast (equal sizes or 1, aligned at the last axis)",
        `${showShape(a)} and ${showShape(b)}`,
      );
    }
    out[rank - i] = m === 1 ? n : m;
  }
  return out;
}

/** Strides for reading an array of shape `from` as if it had the broadcast shape `to`. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : own[i - lead]!));
}

/**
 * An elementwise op's shape with neighbouring axes joined wherever every input steps through them evenly,
 * and the inputs' strides over what is left: the usual cases (equal shapes, a scalar, a vector along one
 * axis) become one or two plain loops.
 */
export function joinAxes(
  shape: Shape,
  inputs: readonly Shape[],
): { readonly shape: number[]; readonly strides: number[][] } {
  const full = inputs.map((input) => broadcastStrides(input, shape));
  const joined: number[] = [];
  const strides: number[][] = inputs.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const last = joined.length - 1;
    const fits = last >= 0 && full.every((s, k) => strides[k]![last] === s[axis]! * n);
    if (fits) joined[last]! *= n;
    else joined.push(n);
    const at = joined.length - 1;
    for (let k = 0; k < full.length; k++) strides[k]![at] = full[k]![axis]!;
  }
  if (joined.length === 0) return { shape: [1], strides: inputs.map(() => [0]) };
  return { shape: joined, strides };
}

/** The axes along which `from` was stretched to reach `to`. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  const axes: number[] = [];
  for (let i = 0; i < to.length; i++) {
    if (i < lead || (from[i - lead] === 1 && to[i] !== 1)) axes.push(i);
  }
  return axes;
}

/** `shape` without `axes`, or with 1 in their place. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((n, i) => (axes.includes(i) ? 1 : n));
  return shape.filter((_, i) => !axes.includes(i));
}

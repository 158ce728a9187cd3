import type { TypedArray } from "@evenkeel/autodiff";
import type { Layout } from "./layout.ts";

// The plain kernels of planes.ts and gated-planes.ts over arrays.

/** Calls `visit` for each run of `inner` neighbours: its plane, where it starts, its place in the plane. */
export function eachRun(
  { samples, outer, channels, inner }: Layout,
  visit: (plane: number, start: number, place: number) => void,
): void {
  let start = 0;
  for (let n = 0; n < samples; n++) {
    for (let a = 0; a < outer; a++) {
      for (let c = 0; c < channels; c++, start += inner) visit(n * channels + c, start, a * inner);
    }
  }
}

/** The numbers of a map per plane, and its weight and bias per place. */
export interface MapArrays {
  readonly pivot: TypedArray;
  readonly scale: TypedArray;
  readonly shift: TypedArray;
  readonly weight: TypedArray | undefined;
  readonly bias: TypedArray | undefined;
}

/** ((x − pivot)·scale + shift)·weight + bias. */
export function affineLoop(to: TypedArray, x: TypedArray, map: MapArrays, layout: Layout): void {
  const { pivot, scale, shift, weight: w, bias: b } = map;
  const n = layout.inner;
  eachRun(layout, (plane, start, place) => {
    const p = pivot[plane]!;
    const s = scale[plane]!;
    const t = shift[plane]!;
    if (!w) {
      for (let i = start; i < start + n; i++) to[i] = (x[i]! - p) * s + t;
    } else {
      for (let i = start, k = place; i < start + n; i++, k++) {
        to[i] = ((x[i]! - p) * s + t) * w[k]! + (b ? b[k]! : 0);
      }
    }
  });
}

/** Σ g·weight, then Σ g·weight·(x − pivot), of every plane. */
export function sumsLoop(
  totals: TypedArray,
  g: TypedArray,
  x: TypedArray,
  pivot: TypedArray,
  w: TypedArray | undefined,
  layout: Layout,
): void {
  totals.fill(0);
  const second = totals.length / 2;
  const n = layout.inner;
  eachRun(layout, (plane, start, place) => {
    const p = pivot[plane]!;
    let sum = 0;
    let dot = 0;
    if (!w) {
      for (let i = start; i < start + n; i++) {
        sum += g[i]!;
        dot += g[i]! * (x[i]! - p);
      }
    } else {
      for (let i = start, k = place; i < start + n; i++, k++) {
        const v = g[i]! * w[k]!;
        sum += v;
        dot += v * (x[i]! - p);
      }
    }
    totals[plane]! += sum;
    totals[second + plane]! += dot;
  });
}

/** a·g·weight + b·(x − pivot) + c. */
export function combineLoop(
  to: TypedArray,
  g: TypedArray,
  x: TypedArray,
  [pivot, da, db, dc]: readonly [TypedArray, TypedArray, TypedArray, TypedArray],
  w: TypedArray | undefined,
  layout: Layout,
): void {
  const n = layout.inner;
  eachRun(layout, (plane, start, place) => {
    const p = pivot[plane]!;
    const a = da[plane]!;
    const b = db[plane]!;
    const c = dc[plane]!;
    if (!w) for (let i = start; i < start + n; i++) to[i] = a * g[i]! + b * (x[i]! - p) + c;
    else {
      for (let i = start, k = place; i < start + n; i++, k++) {
        to[i] = a * g[i]! * w[k]! + b * (x[i]! - p) + c;
      }
    }
  });
}

/** Σ g·((x − pivot)·scale + shift), then Σ g, at every place of a plane. */
export function alongLoop(
  totals: TypedArray,
  g: TypedArray,
  x: TypedArray,
  { pivot, scale, shift }: Omit<MapArrays, "weight" | "bias">,
  layout: Layout,
): void {
  totals.fill(0);
  const second = totals.length / 2;
  const n = layout.inner;
  eachRun(layout, (plane, start, place) => {
    const p = pivot[plane]!;
    const s = scale[plane]!;
    const t = shift[plane]!;
    for (let i = start, k = place; i < start + n; i++, k++) {
      const v = g[i]!;
      totals[k]! += v * ((x[i]! - p) * s + t);
      totals[second + k]! += v;
    }
  });
}

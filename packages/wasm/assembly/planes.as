// The passes of every norm that write x's shape (see norm-core's planes.ts for the algebra): x, g and results
// in float32, one float64 per plane for everything else. A plane's run of `inner` neighbours is read in
// vectors; where runs are short, a whole row of channels is, with the planes' numbers spread out beside it.
//
// Kernels take a part of the planes, samples n0 to n1 and channels c0 to c1: planes know nothing of each
// other, so any division of them gives the same bits. Ends of runs go through the vectors' own operations.

import { madd } from "./simd";

/** Runs from this length on have loops of their own. */
export const LONG: i32 = 8;

/** One float32 per element of a row of channels, each plane's number `inner` times. */
export function spreadRow(to: usize, value: f32, inner: i32): usize {
  for (let i = 0; i < inner; i++) {
    store<f32>(to, value);
    to += 4;
  }
  return to;
}

/**
 * p, s and t of `count` planes in float32, each `size` bytes after the last, `each` times. The pivot is
 * rounded, and what that loses goes into the shift, so that an offset of x costs nothing.
 */
export function spreadMap(
  to: usize, size: usize, p: usize, s: usize, t: usize, count: i32, each: i32,
): void {
  for (let i = 0; i < count; i++) {
    const at = i << 3;
    const pivot = <f32>load<f64>(p + at);
    const scale = load<f64>(s + at);
    const shift = load<f64>(t + at) - scale * (load<f64>(p + at) - <f64>pivot);
    spreadRow(to, pivot, each);
    spreadRow(to + size, <f32>scale, each);
    to = spreadRow(to + 2 * size, <f32>shift, each) - 2 * size;
  }
}

/** The number of an element: its own, or one for the whole run. */
// @ts-expect-error: decorator
@inline
function own(at: usize, each: bool, all: v128): v128 {
  return each ? v128.load(at) : all;
}

/** ((x − p)·s + t)·w + b. */
// @ts-expect-error: decorator
@inline
export function mapped(x: v128, p: v128, s: v128, t: v128, w: v128, b: v128, weighted: bool): v128 {
  const v = madd(f32x4.sub(x, p), s, t);
  return weighted ? madd(v, w, b) : v;
}

/** The map, not below the floor. */
// @ts-expect-error: decorator
@inline
function affine(
  x: v128, p: v128, s: v128, t: v128, w: v128, b: v128, floor: v128, weighted: bool,
): v128 {
  return f32x4.pmax(mapped(x, p, s, t, w, b, weighted), floor);
}

/** The map over n elements: `rows` has p, s, t of every element, `places` has w, b of every element. */
// @ts-expect-error: decorator
@inline
function affineRun(
  y: usize, x: usize, n: i32, map: usize, size: usize, w: usize, b: usize, floor: v128,
  rows: bool, weighted: bool, places: bool,
): void {
  const end4 = y + ((n & ~15) << 2);
  const end = y + ((n & ~3) << 2);
  const stop = y + (n << 2);
  const vp = v128.load32_splat(map);
  const vs = v128.load32_splat(map + size);
  const vt = v128.load32_splat(map + 2 * size);
  const vw = weighted ? v128.load32_splat(w) : floor;
  const vb = weighted ? v128.load32_splat(b) : floor;
  const step: usize = rows ? 16 : 0;
  const stride: usize = places ? 16 : 0;
  if (!rows && !weighted) {
    while (y < end4) {
      v128.store(y, affine(v128.load(x), vp, vs, vt, vw, vb, floor, false));
      v128.store(y, affine(v128.load(x, 16), vp, vs, vt, vw, vb, floor, false), 16);
      v128.store(y, affine(v128.load(x, 32), vp, vs, vt, vw, vb, floor, false), 32);
      v128.store(y, affine(v128.load(x, 48), vp, vs, vt, vw, vb, floor, false), 48);
      y += 64;
      x += 64;
    }
  }
  if (places) {
    while (y < end4) {
      v128.store(y, affine(v128.load(x), vp, vs, vt, v128.load(w), v128.load(b), floor, true));
      v128.store(y, affine(v128.load(x, 16), vp, vs, vt, v128.load(w, 16), v128.load(b, 16), floor, true), 16);
      v128.store(y, affine(v128.load(x, 32), vp, vs, vt, v128.load(w, 32), v128.load(b, 32), floor, true), 32);
      v128.store(y, affine(v128.load(x, 48), vp, vs, vt, v128.load(w, 48), v128.load(b, 48), floor, true), 48);
      y += 64;
      x += 64;
      w += 64;
      b += 64;
    }
  }
  while (y < end) {
    const p = own(map, rows, vp);
    const s = own(map + size, rows, vs);
    const t = own(map + 2 * size, rows, vt);
    v128.store(y, affine(v128.load(x), p, s, t, own(w, places, vw), own(b, places, vb), floor, weighted));
    y += 16;
    x += 16;
    map += step;
    w += stride;
    b += stride;
  }
  while (y < stop) {
    const p = v128.load32_splat(map);
    const s = v128.load32_splat(map + size);
    const t = v128.load32_splat(map + 2 * size);
    const w1 = weighted ? v128.load32_splat(w) : floor;
    const b1 = weighted ? v128.load32_splat(b) : floor;
    v128.store32_lane(y, affine(v128.load32_splat(x), p, s, t, w1, b1, floor, weighted), 0);
    y += 4;
    x += 4;
    map += step >> 2;
    w += stride >> 2;
    b += stride >> 2;
  }
}

function plainRun(y: usize, x: usize, n: i32, map: usize, size: usize, floor: v128): void {
  affineRun(y, x, n, map, size, 0, 0, floor, false, false, false);
}
function plainRows(y: usize, x: usize, n: i32, map: usize, size: usize, floor: v128): void {
  affineRun(y, x, n, map, size, 0, 0, floor, true, false, false);
}
function weightedPlaces(
  y: usize, x: usize, n: i32, map: usize, size: usize, w: usize, b: usize, floor: v128,
): void {
  affineRun(y, x, n, map, size, w, b, floor, false, true, true);
}
function weightedPlanes(
  y: usize, x: usize, n: i32, map: usize, size: usize, w: usize, b: usize, floor: v128,
): void {
  affineRun(y, x, n, map, size, w, b, floor, true, true, false);
}

/**
 * ((x − p)·s + t)·w + b, not below `floor`. Without weights w is 0; the scratch then holds three float32
 * per element of a row of the part's channels, otherwise per channel.
 */
export function planeAffine(
  y: usize, x: usize, p: usize, s: usize, t: usize, w: usize, b: usize, floor: f32,
  outer: i32, channels: i32, inner: i32, n0: i32, n1: i32, c0: i32, c1: i32, scratch: usize,
): void {
  const rows = !w && inner < LONG;
  const each = rows ? inner : 1;
  const part = c1 - c0;
  const size: usize = (part * each) << 2;
  const least = f32x4.splat(floor);
  for (let n = n0; n < n1; n++) {
    const first = (n * channels + c0) << 3;
    spreadMap(scratch, size, p + first, s + first, t + first, part, each);
    for (let a = 0; a < outer; a++) {
      const k = (a * inner) << 2;
      const at: usize = (((n * outer + a) * channels + c0) * inner) << 2;
      if (rows) plainRows(y + at, x + at, part * inner, scratch, size, least);
      else if (w && inner === 1) {
        weightedPlanes(y + at, x + at, part, scratch, size, w + k, b + k, least);
      } else {
        for (let c = 0; c < part; c++) {
          const map = scratch + (c << 2);
          const by: usize = at + ((c * inner) << 2);
          if (w) weightedPlaces(y + by, x + by, inner, map, size, w + k, b + k, least);
          else plainRun(y + by, x + by, inner, map, size, least);
        }
      }
    }
  }
}

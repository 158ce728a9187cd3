// Products of packed matrices. Both factors are first copied into panels, a into panels of four rows and b
// into panels of eight columns, each interleaved along the inner length k:
//   a[row / 4][l][row % 4] and b[column / 8][l][column % 8], zeros where the matrix ends.
// The inner loop then walks two arrays once, in order, whatever the matrices' own steps are.
// Steps are in bytes here; counts are in elements.

import { madd } from "./simd";

/** Inner lengths are cut into pieces of this: both panels stay in the cache, and errors stay short. */
const PIECE: i32 = 512;

// @ts-expect-error: decorator
@inline
export function ceil(n: i32, unit: i32): i32 {
  return (n + unit - 1) & ~(unit - 1);
}

// @ts-expect-error: decorator
@inline
function put(to: usize, left: v128, right: v128, more: bool): void {
  v128.store(to, more ? f32x4.add(v128.load(to), left) : left);
  v128.store(to, more ? f32x4.add(v128.load(to, 16), right) : right, 16);
}

/** The first `count` of eight; what lies beyond them may be another thread's. */
function putPart(to: usize, left: v128, right: v128, count: i32, more: bool): void {
  for (let i = 0; i < min(count, 8); i++, to += 4) {
    const value = f32x4.extract_lane(left, 0);
    store<f32>(to, more ? load<f32>(to) + value : value);
    left = v128.shuffle<f32>(left, right, 1, 2, 3, 4);
    right = v128.shuffle<f32>(right, right, 1, 2, 3, 0);
  }
}

/** out[4, 8] = (with `more` +=) Σ over l of a[l, 4]·b[l, 8], as far as there are rows and columns. */
function tile(out: usize, step: usize, a: usize, b: usize, k: i32, rows: i32, columns: i32, more: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const end = b + (k << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  if (rows >= 4 && columns >= 8) {
    put(out, c00, c01, more);
    put(out + step, c10, c11, more);
    put(out + 2 * step, c20, c21, more);
    put(out + 3 * step, c30, c31, more);
    return;
  }
  putPart(out, c00, c01, columns, more);
  if (rows > 1) putPart(out + step, c10, c11, columns, more);
  if (rows > 2) putPart(out + 2 * step, c20, c21, columns, more);
  if (rows > 3) putPart(out + 3 * step, c30, c31, columns, more);
}

/** out[rows, ≤ 8] = (with `more` +=) a[rows, k] · b[k, 8]: all of a's panels with one of b's. */
export function multiply(out: usize, step: usize, a: usize, b: usize, k: i32, rows: i32, columns: i32, more: bool): void {
  let from = 0;
  do {
    const length = min(PIECE, k - from);
    for (let r = 0; r < rows; r += 4) {
      const panel = a + ((r * k + (from << 2)) << 2);
      tile(out + <usize>r * step, step, panel, b + (from << 5), length, rows - r, columns, more || from > 0);
    }
    from += PIECE;
  } while (from < k);
}

/** Four vectors from p0 … p3, transposed, to `to` and three times `step` further. */
// @ts-expect-error: decorator
@inline
export function transpose4(to: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
  const r0 = v128.load(p0);
  const r1 = v128.load(p1);
  const r2 = v128.load(p2);
  const r3 = v128.load(p3);
  const s0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const s1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const s2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const s3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(s0, s1, 0, 1, 4, 5));
  v128.store(to + step, v128.shuffle<f32>(s0, s1, 2, 3, 6, 7));
  v128.store(to + 2 * step, v128.shuffle<f32>(s2, s3, 0, 1, 4, 5));
  v128.store(to + 3 * step, v128.shuffle<f32>(s2, s3, 2, 3, 6, 7));
}

/** Panels of four rows: to[row / 4][l][row % 4]. */
export function packRows(to: usize, from: usize, step: usize, rows: i32, k: i32): void {
  const whole = k & ~3;
  for (let r = 0; r < rows; r += 4) {
    let l = 0;
    if (rows - r >= 4) {
      for (; l < whole; l += 4, to += 64) {
        const p = from + (l << 2);
        transpose4(to, 16, p, p + step, p + 2 * step, p + 3 * step);
      }
    }
    for (; l < k; l++, to += 16) {
      for (let i = 0; i < 4; i++) {
        const inside = r + i < rows;
        store<f32>(to + (i << 2), inside ? load<f32>(from + <usize>i * step + (l << 2)) : 0);
      }
    }
    from += 4 * step;
  }
}

/** One panel of `width` columns, 4 or 8, of which the matrix has `columns`: to[l][column]. */
// @ts-expect-error: decorator
@inline
function packPanel(to: usize, from: usize, step: usize, k: i32, columns: i32, width: i32): void {
  if (columns >= width) {
    for (let l = 0; l < k; l++, from += step, to += width << 2) {
      v128.store(to, v128.load(from));
      if (width == 8) v128.store(to, v128.load(from, 16), 16);
    }
    return;
  }
  for (let l = 0; l < k; l++, from += step, to += width << 2) {
    for (let c = 0; c < width; c++) {
      store<f32>(to + (c << 2), c < columns ? load<f32>(from + (c << 2)) : 0);
    }
  }
}

/** Panels of four columns, for a transposed: to[column / 4][l][column % 4]. */
export function packColumns4(to: usize, from: usize, step: usize, k: i32, columns: i32): void {
  for (let c = 0; c < columns; c += 4) {
    packPanel(to + ((c * k) << 2), from + (c << 2), step, k, columns - c, 4);
  }
}

/** Panels of eight columns: to[column / 8][l][column % 8]. */
export function packColumns8(to: usize, from: usize, step: usize, k: i32, columns: i32): void {
  for (let c = 0; c < columns; c += 8) {
    packPanel(to + ((c * k) << 2), from + (c << 2), step, k, columns - c, 8);
  }
}

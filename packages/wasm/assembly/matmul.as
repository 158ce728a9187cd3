// out[m, n] = a[m, k] · b[k, n] in float32, in blocks that stay in the cache while they are used.
// A product may be done in parts, ranges of its rows and columns: an element's sum is the same in each.
// `width` is the length of whole rows of out and b.

import { ceil, multiply, packColumns8, packRows } from "./panels";
import { madd } from "./simd";

const ROWS: i32 = 256;
const INNER: i32 = 512;
const COLUMNS: i32 = 1024;

/** Bytes of scratch that matmul needs: one block of each factor. */
export function matmulScratch(m: i32, k: i32, n: i32): i32 {
  const inner = min(k, INNER);
  return (ceil(min(m, ROWS), 4) + ceil(min(n, COLUMNS), 8)) * inner * 4;
}

export function matmul(
  out: usize, a: usize, b: usize, m: i32, k: i32, n: i32, width: i32, scratch: usize,
): void {
  const right = scratch + ((ceil(min(m, ROWS), 4) * min(k, INNER)) << 2);
  for (let j = 0; j < n; j += COLUMNS) {
    const columns = min(COLUMNS, n - j);
    for (let l = 0; l < k; l += INNER) {
      const inner = min(INNER, k - l);
      packColumns8(right, b + ((l * width + j) << 2), width << 2, inner, columns);
      for (let i = 0; i < m; i += ROWS) {
        const rows = min(ROWS, m - i);
        packRows(scratch, a + ((i * k + l) << 2), k << 2, rows, inner);
        const to = out + ((i * width + j) << 2);
        for (let c = 0; c < columns; c += 8) {
          const panel = right + ((c * inner) << 2);
          multiply(to + (c << 2), width << 2, scratch, panel, inner, rows, columns - c, l > 0);
        }
      }
    }
  }
}

/** out[m] = a[m, k] · b[k]. */
export function matrixVector(out: usize, a: usize, b: usize, m: i32, k: i32): void {
  for (let i = 0; i < m; i++, out += 4) {
    let sums = f32x4.splat(0);
    let l = 0;
    for (; l + 4 <= k; l += 4, a += 16) sums = madd(v128.load(a), v128.load(b + (l << 2)), sums);
    let total = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
    total += f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3);
    for (; l < k; l++, a += 4) total += load<f32>(a) * load<f32>(b + (l << 2));
    store<f32>(out, total);
  }
}

/** For so few rows that most of a tile would be empty. Row by row of b: out[i] += a[i, l] · b[l]. */
export function fewRows(
  out: usize, a: usize, b: usize, m: i32, k: i32, n: i32, width: i32,
): void {
  for (let i = 0; i < m; i++) memory.fill(out + ((i * width) << 2), 0, n << 2);
  for (let l = 0; l < k; l++) {
    const row = b + ((l * width) << 2);
    for (let i = 0; i < m; i++) {
      const factor = v128.load32_splat(a + ((i * k + l) << 2));
      const to = out + ((i * width) << 2);
      let j = 0;
      for (; j + 4 <= n; j += 4) {
        const o = to + (j << 2);
        v128.store(o, madd(factor, v128.load(row + (j << 2)), v128.load(o)));
      }
      for (; j < n; j++) {
        const o = to + (j << 2);
        v128.store32_lane(o, madd(factor, v128.load32_splat(row + (j << 2)), v128.load32_splat(o)), 0);
      }
    }
  }
}

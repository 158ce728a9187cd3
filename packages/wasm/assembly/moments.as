// Mean and M2 of planes. Runs are added up in float32 blocks of 256 about a pivot, blocks in float64: the
// pivot takes an offset out before anything is rounded. Divided as in planes.as.

import { momentsOfColumns } from "./columns";
import { add2, high, low, madd } from "./simd";

/** The most that is added up in float32, in bytes: four vectors side by side, sixteen times. */
export const BLOCK: usize = 1024;

/** The four lanes of four vectors, added up in float64. */
@inline
export function addBlock(total: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  const v = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return f64x2.add(total, f64x2.add(low(v), high(v)));
}

/** Squares that lose more than this factor to the square of the mean are added up again about the mean. */
const LOSS: f64 = 8;

// What aboutPivot found: Σ (x − pivot) and Σ (x − pivot)².
let sum: f64 = 0;
let squares: f64 = 0;

function aboutPivot(x: usize, n: i32, pivot: f32): void {
  const stop = x + (n << 2);
  const blocked = x + ((n & ~15) << 2);
  const p = f32x4.splat(pivot);
  let sums = f64x2.splat(0);
  let totals = f64x2.splat(0);
  while (x < blocked) {
    const end = min(x + BLOCK, blocked);
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let q0 = f32x4.splat(0);
    let q1 = f32x4.splat(0);
    let q2 = f32x4.splat(0);
    let q3 = f32x4.splat(0);
    while (x < end) {
      const a = f32x4.sub(v128.load(x), p);
      const b = f32x4.sub(v128.load(x, 16), p);
      const c = f32x4.sub(v128.load(x, 32), p);
      const d = f32x4.sub(v128.load(x, 48), p);
      s0 = f32x4.add(s0, f32x4.add(a, b));
      s1 = f32x4.add(s1, f32x4.add(c, d));
      q0 = madd(a, a, q0);
      q1 = madd(b, b, q1);
      q2 = madd(c, c, q2);
      q3 = madd(d, d, q3);
      x += 64;
    }
    sums = addBlock(sums, s0, s1, f32x4.splat(0), f32x4.splat(0));
    totals = addBlock(totals, q0, q1, q2, q3);
  }
  sum = add2(sums);
  squares = add2(totals);
  while (x < stop) {
    const d = <f64>load<f32>(x) - <f64>pivot;
    sum += d;
    squares += d * d;
    x += 4;
  }
}

/** A number amid those of a run: the mean of four that lie apart. */
function amid(x: usize, n: i32): f32 {
  const quarter = (n >> 2) << 2;
  const a = <f64>load<f32>(x) + <f64>load<f32>(x + quarter);
  const b = <f64>load<f32>(x + 2 * quarter) + <f64>load<f32>(x + 3 * quarter);
  return <f32>((a + b) * 0.25);
}

/** Σ (x − mean)² in float64: where float32 squares would overflow or vanish. */
function exactSquares(x: usize, n: i32, mean: f64): f64 {
  const stop = x + (n << 2);
  let sum: f64 = 0;
  while (x < stop) {
    const d = <f64>load<f32>(x) - mean;
    sum += d * d;
    x += 4;
  }
  return sum;
}

/** The mean of a run whose sum about a pivot float32 could not hold. */
function exactMean(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) total += <f64>load<f32>(x + (i << 2));
  return total / <f64>n;
}

// What momentsOfRun found: the mean and Σ (x − mean)².
let mean: f64 = 0;
let squared: f64 = 0;

/** One reading where the pivot lies well, another about the mean where it does not. */
function momentsOfRun(x: usize, n: i32): void {
  const tiny = 1e-30 * <f64>n;
  const pivot = amid(x, n);
  aboutPivot(x, n, pivot);
  mean = <f64>pivot + sum / <f64>n;
  squared = squares - sum * (sum / <f64>n);
  if (squared * LOSS > squares && squared > tiny && isFinite(squared)) return;
  if (!isFinite(mean)) mean = exactMean(x, n);
  const near = <f32>mean;
  const rest = mean - <f64>near;
  aboutPivot(x, n, near);
  squared = squares - rest * rest * <f64>n;
  if (squared > tiny && isFinite(squared)) return;
  squared = exactSquares(x, n, mean);
}

/** mean[planes], then M2[planes]; out is zero before. */
export function planeMoments(
  out: usize, x: usize, samples: i32, outer: i32, channels: i32, inner: i32,
  n0: i32, n1: i32, c0: i32, c1: i32,
): void {
  const m2 = (samples * channels) << 3;
  for (let n = n0; n < n1; n++) {
    const to = out + ((n * channels + c0) << 3);
    if (inner === 1) {
      const at: usize = x + ((n * outer * channels + c0) << 2);
      momentsOfColumns(to, to + m2, at, outer, channels << 2, c1 - c0);
      continue;
    }
    for (let a = 0; a < outer; a++) {
      const share = 1.0 / <f64>(a + 1);
      const at: usize = x + ((((n * outer + a) * channels + c0) * inner) << 2);
      for (let c = 0; c < c1 - c0; c++) {
        joinRun(to + (c << 3), to + (c << 3) + m2, at + ((c * inner) << 2), inner, a, share);
      }
    }
  }
}

/** Joins a run to what `runs` runs before it gave, by Chan's formula; `share` is its part of them all. */
function joinRun(to: usize, m2: usize, x: usize, n: i32, runs: i32, share: f64): void {
  momentsOfRun(x, n);
  const before = load<f64>(to);
  const delta = mean - before;
  store<f64>(to, before + delta * share);
  const between = delta * delta * <f64>n * <f64>runs * share;
  store<f64>(m2, load<f64>(m2) + squared + between);
}

// Mean and M2 of planes. Runs are added up in float32 blocks of 64 about a pivot, blocks in float64: the
// pivot takes an offset out before anything is rounded.

import { add2, high, low } from "./simd";

/** Elements of a block, in bytes: four vectors side by side, four times. */
const BLOCK: usize = 256;

/** The four lanes of four vectors, added up in float64. */
@inline
export function addBlock(total: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  const v = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return f64x2.add(total, f64x2.add(low(v), high(v)));
}

/** Σ (x − pivot). */
function sumAbout(x: usize, n: i32, pivot: f32): f64 {
  const stop = x + (n << 2);
  const p = f32x4.splat(pivot);
  let total = f64x2.splat(0);
  while (x + BLOCK <= stop) {
    const end = x + BLOCK;
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    while (x < end) {
      a = f32x4.add(a, f32x4.sub(v128.load(x), p));
      b = f32x4.add(b, f32x4.sub(v128.load(x, 16), p));
      c = f32x4.add(c, f32x4.sub(v128.load(x, 32), p));
      d = f32x4.add(d, f32x4.sub(v128.load(x, 48), p));
      x += 64;
    }
    total = addBlock(total, a, b, c, d);
  }
  let sum = add2(total);
  while (x < stop) {
    sum += <f64>load<f32>(x) - <f64>pivot;
    x += 4;
  }
  return sum;
}

/** Σ (x − pivot)². */
function squaresAbout(x: usize, n: i32, pivot: f32): f64 {
  const stop = x + (n << 2);
  const p = f32x4.splat(pivot);
  let total = f64x2.splat(0);
  while (x + BLOCK <= stop) {
    const end = x + BLOCK;
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    while (x < end) {
      const va = f32x4.sub(v128.load(x), p);
      const vb = f32x4.sub(v128.load(x, 16), p);
      const vc = f32x4.sub(v128.load(x, 32), p);
      const vd = f32x4.sub(v128.load(x, 48), p);
      a = f32x4.add(a, f32x4.mul(va, va));
      b = f32x4.add(b, f32x4.mul(vb, vb));
      c = f32x4.add(c, f32x4.mul(vc, vc));
      d = f32x4.add(d, f32x4.mul(vd, vd));
      x += 64;
    }
    total = addBlock(total, a, b, c, d);
  }
  let sum = add2(total);
  while (x < stop) {
    const d = <f64>load<f32>(x) - <f64>pivot;
    sum += d * d;
    x += 4;
  }
  return sum;
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

function meanOfRun(x: usize, n: i32): f64 {
  const pivot = load<f32>(x);
  const mean = <f64>pivot + sumAbout(x, n, pivot) / <f64>n;
  if (isFinite(mean)) return mean;
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) sum += <f64>load<f32>(x + (i << 2));
  return sum / <f64>n;
}

/** Σ (x − mean)² from squares about the mean rounded to float32. */
function squaresOfRun(x: usize, n: i32, mean: f64): f64 {
  const pivot = <f32>mean;
  const rest = mean - <f64>pivot;
  const about = squaresAbout(x, n, pivot);
  const squares = about - rest * rest * <f64>n;
  const tiny = 1e-30 * <f64>n;
  return squares > tiny && isFinite(squares) ? squares : exactSquares(x, n, mean);
}

/** mean[planes], then M2[planes]; out is zero before. */
export function planeMoments(
  out: usize, x: usize, samples: i32, outer: i32, channels: i32, inner: i32,
): void {
  const m2 = (samples * channels) << 3;
  for (let n = 0; n < samples; n++) {
    for (let a = 0; a < outer; a++) {
      const share = 1.0 / <f64>(a + 1);
      if (inner === 1) {
        welfordRow(out, out + m2, x, channels, share);
        x += channels << 2;
      } else {
        for (let c = 0; c < channels; c++) {
          joinRun(out + (c << 3), out + (c << 3) + m2, x, inner, a, share);
          x += inner << 2;
        }
      }
    }
    out += channels << 3;
  }
}

/** Joins a run to what `runs` runs before it gave, by Chan's formula; `share` is its part of them all. */
function joinRun(mean: usize, m2: usize, x: usize, n: i32, runs: i32, share: f64): void {
  const own = meanOfRun(x, n);
  const before = load<f64>(mean);
  const delta = own - before;
  store<f64>(mean, before + delta * share);
  const between = delta * delta * <f64>n * <f64>runs * share;
  store<f64>(m2, load<f64>(m2) + squaresOfRun(x, n, own) + between);
}

/** Welford's update of two channels. */
// @ts-expect-error: decorator
@inline
function welford2(mean: usize, m2: usize, v: v128, share: v128): void {
  const before = v128.load(mean);
  const delta = f64x2.sub(v, before);
  const after = f64x2.add(before, f64x2.mul(delta, share));
  v128.store(mean, after);
  v128.store(m2, f64x2.add(v128.load(m2), f64x2.mul(delta, f64x2.sub(v, after))));
}

/** Welford's update of all channels, for runs of one element. */
function welfordRow(mean: usize, m2: usize, x: usize, channels: i32, share: f64): void {
  const end = x + ((channels & ~3) << 2);
  const stop = x + (channels << 2);
  const shares = f64x2.splat(share);
  while (x < end) {
    const v = v128.load(x);
    welford2(mean, m2, low(v), shares);
    welford2(mean + 16, m2 + 16, high(v), shares);
    mean += 32;
    m2 += 32;
    x += 16;
  }
  while (x < stop) {
    const v = <f64>load<f32>(x);
    const before = load<f64>(mean);
    const after = before + (v - before) * share;
    store<f64>(mean, after);
    store<f64>(m2, load<f64>(m2) + (v - before) * (v - after));
    mean += 8;
    m2 += 8;
    x += 4;
  }
}

// Moments of planes whose runs are one element: channels on the last axis, or rows of features. Eight
// neighbouring channels go down the rows together, 64 of those in float32 before their sums go on in float64.
// Parts have to begin at a multiple of eight channels for the same bits however they are divided.

import { high, low, madd } from "./simd";

/** Channels side by side. */
export const STRIP: i32 = 8;
/** How many rows are added up in float32. */
export const ROWS: i32 = 64;
const LOSS: f64 = 8;
const TINY: f64 = 1e-30;

/** totals[0..8) += the eight lanes of two vectors. */
// @ts-expect-error: decorator
@inline
export function addEight(totals: usize, a: v128, b: v128): void {
  v128.store(totals, f64x2.add(v128.load(totals), low(a)));
  v128.store(totals, f64x2.add(v128.load(totals, 16), high(a)), 16);
  v128.store(totals, f64x2.add(v128.load(totals, 32), low(b)), 32);
  v128.store(totals, f64x2.add(v128.load(totals, 48), high(b)), 48);
}

/** Numbers amid those of four channels: means of four rows that lie apart. */
// @ts-expect-error: decorator
@inline
function amid(x: usize, rows: i32, step: usize): v128 {
  const quarter = <usize>(rows >> 2) * step;
  const half = f32x4.splat(0.25);
  const a = f32x4.add(f32x4.mul(v128.load(x), half), f32x4.mul(v128.load(x + quarter), half));
  const b = f32x4.mul(v128.load(x + 2 * quarter), half);
  return f32x4.add(a, f32x4.add(b, f32x4.mul(v128.load(x + 3 * quarter), half)));
}

/** Mean and M2 of one channel, by Welford's update in float64. */
function exactMoments(mean: usize, m2: usize, x: usize, rows: i32, step: usize): void {
  let m: f64 = 0;
  let squares: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const v = <f64>load<f32>(x);
    const delta = v - m;
    m += delta * (1.0 / <f64>(i + 1));
    squares += delta * (v - m);
    x += step;
  }
  store<f64>(mean, m);
  store<f64>(m2, squares);
}

/** Adds Σ d and Σ d² about the pivot of some rows, to the places of mean and M2. */
function addRows(mean: usize, m2: usize, at: usize, rows: i32, step: usize, p0: v128, p1: v128): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let q0 = f32x4.splat(0);
  let q1 = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    const d0 = f32x4.sub(v128.load(at), p0);
    const d1 = f32x4.sub(v128.load(at, 16), p1);
    s0 = f32x4.add(s0, d0);
    s1 = f32x4.add(s1, d1);
    q0 = madd(d0, d0, q0);
    q1 = madd(d1, d1, q1);
    at += step;
  }
  addEight(mean, s0, s1);
  addEight(m2, q0, q1);
}

/** Mean and M2 from the sums of all rows. */
function finish(mean: usize, m2: usize, x: usize, rows: i32, step: usize): void {
  const p0 = amid(x, rows, step);
  const p1 = amid(x + 16, rows, step);
  const share = 1.0 / <f64>rows;
  for (let c = 0; c < STRIP; c++) {
    const to = c << 3;
    const sum = load<f64>(mean + to);
    const squares = load<f64>(m2 + to);
    const left = squares - sum * sum * share;
    if (left * LOSS > squares && left > TINY * <f64>rows && isFinite(left)) {
      store<f64>(mean + to, <f64>laneOf(p0, p1, c) + sum * share);
      store<f64>(m2 + to, left);
    } else exactMoments(mean + to, m2 + to, x + (c << 2), rows, step);
  }
}

/** One of eight lanes. */
function laneOf(a: v128, b: v128, lane: i32): f32 {
  const v = lane < 4 ? a : b;
  const k = lane & 3;
  if (k === 0) return f32x4.extract_lane(v, 0);
  if (k === 1) return f32x4.extract_lane(v, 1);
  return k === 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
}

/** Mean and M2 of `channels` neighbouring planes of `rows` elements, `step` bytes apart; zero before. */
export function momentsOfColumns(
  mean: usize, m2: usize, x: usize, rows: i32, step: usize, channels: i32,
): void {
  const strips = channels & ~(STRIP - 1);
  // Some rows of all strips, then the next: neighbouring strips share cache lines.
  for (let from = 0; from < rows; from += ROWS) {
    const at = x + <usize>from * step;
    const count = min(ROWS, rows - from);
    for (let c = 0; c < strips; c += STRIP) {
      const first = x + (c << 2);
      const to = c << 3;
      const p0 = amid(first, rows, step);
      addRows(mean + to, m2 + to, at + (c << 2), count, step, p0, amid(first + 16, rows, step));
    }
  }
  for (let c = 0; c < strips; c += STRIP) {
    finish(mean + (c << 3), m2 + (c << 3), x + (c << 2), rows, step);
  }
  for (let c = strips; c < channels; c++) {
    exactMoments(mean + (c << 3), m2 + (c << 3), x + (c << 2), rows, step);
  }
}

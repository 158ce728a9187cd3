// Sums over the planes, place by place: the gradients of a weight and a bias along the plane.

import { high, low } from "./simd";

/** How many planes are added up in float32 before their sum goes on in float64. */
const PLANES: i32 = 64;

/** totals[0..8) += the eight lanes of two vectors. */
// @ts-expect-error: decorator
@inline
function addEight(totals: usize, a: v128, b: v128): void {
  v128.store(totals, f64x2.add(v128.load(totals), low(a)));
  v128.store(totals, f64x2.add(v128.load(totals, 16), high(a)), 16);
  v128.store(totals, f64x2.add(v128.load(totals, 32), low(b)), 32);
  v128.store(totals, f64x2.add(v128.load(totals, 48), high(b)), 48);
}

/** Eight neighbouring places of up to PLANES planes, `step` bytes apart; p, s, t are float32. */
function eightPlaces(
  dots: usize, sums: usize, g: usize, x: usize, step: usize, map: usize, size: usize, count: i32,
): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (let i = 0; i < count; i++) {
    const p = v128.load32_splat(map);
    const s = v128.load32_splat(map + size);
    const t = v128.load32_splat(map + 2 * size);
    const g0 = v128.load(g);
    const g1 = v128.load(g, 16);
    const y0 = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), p), s), t);
    const y1 = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x, 16), p), s), t);
    s0 = f32x4.add(s0, g0);
    s1 = f32x4.add(s1, g1);
    d0 = f32x4.add(d0, f32x4.mul(g0, y0));
    d1 = f32x4.add(d1, f32x4.mul(g1, y1));
    g += step;
    x += step;
    map += 4;
  }
  addEight(dots, d0, d1);
  addEight(sums, s0, s1);
}

/** One place of `count` planes. */
function onePlace(
  dots: usize, sums: usize, g: usize, x: usize, step: usize, map: usize, size: usize, count: i32,
): void {
  let dot: f64 = 0;
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const v = <f64>load<f32>(g);
    const d = <f64>load<f32>(x) - <f64>load<f32>(map);
    const y = d * <f64>load<f32>(map + size) + <f64>load<f32>(map + 2 * size);
    dot += v * y;
    sum += v;
    g += step;
    x += step;
    map += 4;
  }
  store<f64>(dots, load<f64>(dots) + dot);
  store<f64>(sums, load<f64>(sums) + sum);
}

/** p, s and t of every plane in float32: the pivot rounded as in planeAffine. */
function prepare(map: usize, planes: i32, p: usize, s: usize, t: usize): void {
  const size = planes << 2;
  for (let i = 0; i < planes; i++) {
    const pivot = <f32>load<f64>(p + (i << 3));
    const scale = load<f64>(s + (i << 3));
    const rest = load<f64>(p + (i << 3)) - <f64>pivot;
    const at = map + (i << 2);
    store<f32>(at, pivot);
    store<f32>(at + size, <f32>scale);
    store<f32>(at + 2 * size, <f32>(load<f64>(t + (i << 3)) - scale * rest));
  }
}

/** The places of one run, of planes whose runs lie `step` bytes apart. */
function placesOfRun(
  dots: usize, sums: usize, g: usize, x: usize, step: usize, map: usize, size: usize, count: i32, n: i32,
): void {
  for (let from = 0; from < count; from += PLANES) {
    const here = min(PLANES, count - from);
    const by = <usize>from * step;
    let k = 0;
    for (; k + 8 <= n; k += 8) {
      const at = by + (k << 2);
      eightPlaces(dots + (k << 3), sums + (k << 3), g + at, x + at, step, map + (from << 2), size, here);
    }
    for (; k < n; k++) {
      const at = by + (k << 2);
      onePlace(dots + (k << 3), sums + (k << 3), g + at, x + at, step, map + (from << 2), size, here);
    }
  }
}

/**
 * Σ g·((x − p)·s + t)[places], then Σ g[places], over the planes; out is zero before. The scratch holds
 * three float32 per plane.
 */
export function alongSums(
  out: usize, g: usize, x: usize, p: usize, s: usize, t: usize,
  samples: i32, outer: i32, channels: i32, inner: i32, scratch: usize,
): void {
  const planes = samples * channels;
  const sums = out + ((outer * inner) << 3);
  const size = planes << 2;
  prepare(scratch, planes, p, s, t);
  // With one run per plane all planes lie evenly; otherwise those of one sample and place do.
  const even = outer === 1;
  const count = even ? planes : channels;
  const groups = even ? 1 : samples;
  for (let n = 0; n < groups; n++) {
    const map = scratch + ((n * channels) << 2);
    for (let a = 0; a < outer; a++) {
      const at = ((n * outer + a) * channels * inner) << 2;
      const place = (a * inner) << 3;
      placesOfRun(out + place, sums + place, g + at, x + at, inner << 2, map, size, count, inner);
    }
  }
}

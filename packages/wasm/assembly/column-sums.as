// Sums over planes whose runs are one element, as their moments in columns.as.

import { addEight, ROWS, STRIP } from "./columns";
import { madd } from "./simd";
import { through } from "./sums";

/** Sums below this are added up again in float64: float32 may have lost their terms. */
const TINY: f64 = 1e-30;

/** g·w of four channels as far as the gate lets it through. */
// @ts-expect-error: decorator
@inline
function counted(
  g: usize, x: v128, w: v128, b: v128, p: v128, s: v128, t: v128, weighted: bool, gated: bool,
): v128 {
  const open = gated ? through(v128.load(g), x, p, s, t, w, b, true) : v128.load(g);
  return weighted ? f32x4.mul(open, w) : open;
}

/** Σ g·w and Σ g·w·(x − p) of one channel, in float64. */
function exactSums(
  sums: usize, dots: usize, g: usize, x: usize, p: f64, rows: i32, step: usize, w: usize, map: usize, size: usize,
  b: usize,
): void {
  let sum: f64 = 0;
  let dot: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const weight: f32 = w ? load<f32>(w + (i << 2)) : 1;
    let v = v128.load32_splat(g);
    if (map) {
      const s = v128.load32_splat(map + size);
      const t = v128.load32_splat(map + 2 * size);
      const bias = f32x4.splat(b ? load<f32>(b + (i << 2)) : 0);
      v = through(v, v128.load32_splat(x), v128.load32_splat(map), s, t, f32x4.splat(weight), bias, true);
    }
    const counts = <f64>f32x4.extract_lane(v, 0) * <f64>weight;
    sum += counts;
    dot += counts * (<f64>load<f32>(x) - p);
    g += step;
    x += step;
  }
  store<f64>(sums, sum);
  store<f64>(dots, dot);
}

/** The pivots of four planes in float32. */
// @ts-expect-error: decorator
@inline
function near(p: usize): v128 {
  const a = f32x4.demote_f64x2_zero(v128.load(p));
  const b = f32x4.demote_f64x2_zero(v128.load(p, 16));
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

/** Adds the sums of some rows of eight channels. */
// @ts-expect-error: decorator
@inline
function strip(
  sums: usize, dots: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, w: usize, map: usize, size: usize,
  b: usize, weighted: bool, gated: bool,
): void {
  const p0 = near(p);
  const p1 = near(p + 32);
  const t0 = gated ? v128.load(map + size) : p0;
  const t1 = gated ? v128.load(map + size, 16) : p0;
  const u0 = gated ? v128.load(map + 2 * size) : p0;
  const u1 = gated ? v128.load(map + 2 * size, 16) : p0;
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    const vw = weighted ? v128.load32_splat(w + (i << 2)) : f32x4.splat(1);
    const vb = weighted && gated ? v128.load32_splat(b + (i << 2)) : f32x4.splat(0);
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const g0 = counted(g, x0, vw, vb, p0, t0, u0, weighted, gated);
    const g1 = counted(g + 16, x1, vw, vb, p1, t1, u1, weighted, gated);
    s0 = f32x4.add(s0, g0);
    s1 = f32x4.add(s1, g1);
    d0 = madd(g0, f32x4.sub(x0, p0), d0);
    d1 = madd(g1, f32x4.sub(x1, p1), d1);
    g += step;
    x += step;
  }
  addEight(sums, s0, s1);
  addEight(dots, d0, d1);
}

function plainStrip(s: usize, d: usize, g: usize, x: usize, p: usize, rows: i32, step: usize): void {
  strip(s, d, g, x, p, rows, step, 0, 0, 0, 0, false, false);
}
function weightedStrip(s: usize, d: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, w: usize): void {
  strip(s, d, g, x, p, rows, step, w, 0, 0, 0, true, false);
}
function gatedStrip(
  s: usize, d: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, map: usize, size: usize,
): void {
  strip(s, d, g, x, p, rows, step, 0, map, size, 0, false, true);
}
function gatedWeightedStrip(
  s: usize, d: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, w: usize, map: usize, size: usize, b: usize,
): void {
  strip(s, d, g, x, p, rows, step, w, map, size, b, true, true);
}

/** Some rows of eight channels, by what there is to count. */
function addStrip(
  sums: usize, dots: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, w: usize, map: usize, size: usize,
  b: usize,
): void {
  if (map && w) gatedWeightedStrip(sums, dots, g, x, p, rows, step, w, map, size, b);
  else if (map) gatedStrip(sums, dots, g, x, p, rows, step, map, size);
  else if (w) weightedStrip(sums, dots, g, x, p, rows, step, w);
  else plainStrip(sums, dots, g, x, p, rows, step);
}

/** Σ g·w and Σ g·w·(x − p), zero before; arguments as in planeSums, w and b hold one number for each row. */
export function sumsOfColumns(
  sums: usize, dots: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, channels: i32,
  w: usize, map: usize, size: usize, b: usize,
): void {
  const strips = channels & ~(STRIP - 1);
  for (let from = 0; from < rows; from += ROWS) {
    const by = <usize>from * step;
    const count = min(ROWS, rows - from);
    const vw = w ? w + (from << 2) : 0;
    const vb = b ? b + (from << 2) : 0;
    for (let c = 0; c < strips; c += STRIP) {
      const at = by + (c << 2);
      const to = c << 3;
      const m = map ? map + (c << 2) : 0;
      addStrip(sums + to, dots + to, g + at, x + at, p + to, count, step, vw, m, size, vb);
    }
  }
  for (let c = 0; c < channels; c++) {
    const pivot = load<f64>(p + (c << 3));
    // The pivot was rounded: what that is worth is Σ g·w times the difference.
    const dot = load<f64>(dots + (c << 3)) - load<f64>(sums + (c << 3)) * (pivot - <f64>(<f32>pivot));
    if (c < strips && isFinite(dot) && abs(dot) > TINY) store<f64>(dots + (c << 3), dot);
    else oneColumn(sums, dots, g, x, p, rows, step, c, w, map, size, b);
  }
}

function oneColumn(
  sums: usize, dots: usize, g: usize, x: usize, p: usize, rows: i32, step: usize, c: i32,
  w: usize, map: usize, size: usize, b: usize,
): void {
  const at = c << 2;
  const to = c << 3;
  const m = map ? map + at : 0;
  exactSums(sums + to, dots + to, g + at, x + at, load<f64>(p + to), rows, step, w, m, size, b);
}

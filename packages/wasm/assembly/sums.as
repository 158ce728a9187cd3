// Sums over planes, blocked as in moments.ts and divided as in planes.ts. With a gate, g counts only where
// the map of x that planeAffine applied is above 0: the gradient that a fused relu lets through.

import { sumsOfColumns } from "./column-sums";
import { addBlock, BLOCK } from "./moments";
import { mapped, spreadMap } from "./planes";
import { add2, madd } from "./simd";

/** Sums below this are added up again in float64: float32 may have lost their terms. */
const TINY: f64 = 1e-30;

// What sumsOfRun found: Σ g·w and Σ g·w·(x − pivot).
let sum: f64 = 0;
let dot: f64 = 0;

/** g where the map of x is above 0, else 0. */
// @ts-expect-error: decorator
@inline
export function through(g: v128, x: v128, p: v128, s: v128, t: v128, w: v128, b: v128, weighted: bool): v128 {
  return v128.and(g, f32x4.gt(mapped(x, p, s, t, w, b, weighted), f32x4.splat(0)));
}

/** The same in float64: the rest of a run, and runs whose products float32 cannot hold. */
function exactSums(g: usize, x: usize, w: usize, bytes: usize, pivot: f64, map: usize, size: usize, b: usize): void {
  for (let i: usize = 0; i < bytes; i += 4) {
    let v = load<f32>(g + i);
    if (map) {
      const p = v128.load32_splat(map);
      const s = v128.load32_splat(map + size);
      const t = v128.load32_splat(map + 2 * size);
      const one = f32x4.splat(v);
      const vx = v128.load32_splat(x + i);
      const open = w
        ? through(one, vx, p, s, t, v128.load32_splat(w + i), v128.load32_splat(b + i), true)
        : through(one, vx, p, s, t, one, one, false);
      v = f32x4.extract_lane(open, 0);
    }
    const weighted = <f64>v * (w ? <f64>load<f32>(w + i) : 1);
    sum += weighted;
    dot += weighted * (<f64>load<f32>(x + i) - pivot);
  }
}

/** g·w as far as the gate lets it through; w and b are the addresses of the numbers beside x. */
// @ts-expect-error: decorator
@inline
function counted(
  g: v128, x: v128, w: usize, b: usize, p: v128, s: v128, t: v128, weighted: bool, gated: bool,
): v128 {
  const vw = weighted ? v128.load(w) : p;
  const vb = weighted && gated ? v128.load(b) : p;
  const open = gated ? through(g, x, p, s, t, vw, vb, weighted) : g;
  return weighted ? f32x4.mul(open, vw) : open;
}

/** Whole vectors by fours. */
// @ts-expect-error: decorator
@inline
function blocks(
  g: usize, x: usize, w: usize, bytes: usize, pivot: f32, map: usize, size: usize, b: usize,
  weighted: bool, gated: bool,
): void {
  const p = f32x4.splat(pivot);
  const s = gated ? v128.load32_splat(map + size) : p;
  const t = gated ? v128.load32_splat(map + 2 * size) : p;
  let sums = f64x2.splat(0);
  let dots = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; ) {
    const end = min(i + BLOCK, bytes);
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    let d2 = f32x4.splat(0);
    let d3 = f32x4.splat(0);
    for (; i < end; i += 64) {
      const x0 = v128.load(x + i);
      const g0 = counted(v128.load(g + i), x0, w + i, b + i, p, s, t, weighted, gated);
      const x1 = v128.load(x + i, 16);
      const g1 = counted(v128.load(g + i, 16), x1, w + i + 16, b + i + 16, p, s, t, weighted, gated);
      d0 = madd(g0, f32x4.sub(x0, p), d0);
      d1 = madd(g1, f32x4.sub(x1, p), d1);
      s0 = f32x4.add(s0, f32x4.add(g0, g1));
      const x2 = v128.load(x + i, 32);
      const g2 = counted(v128.load(g + i, 32), x2, w + i + 32, b + i + 32, p, s, t, weighted, gated);
      const x3 = v128.load(x + i, 48);
      const g3 = counted(v128.load(g + i, 48), x3, w + i + 48, b + i + 48, p, s, t, weighted, gated);
      d2 = madd(g2, f32x4.sub(x2, p), d2);
      d3 = madd(g3, f32x4.sub(x3, p), d3);
      s1 = f32x4.add(s1, f32x4.add(g2, g3));
    }
    sums = addBlock(sums, s0, s1, f32x4.splat(0), f32x4.splat(0));
    dots = addBlock(dots, d0, d1, d2, d3);
  }
  sum = add2(sums);
  dot = add2(dots);
}

function plain(g: usize, x: usize, bytes: usize, pivot: f32): void {
  blocks(g, x, 0, bytes, pivot, 0, 0, 0, false, false);
}
function weightedBlocks(g: usize, x: usize, w: usize, bytes: usize, pivot: f32): void {
  blocks(g, x, w, bytes, pivot, 0, 0, 0, true, false);
}
function gatedBlocks(g: usize, x: usize, bytes: usize, pivot: f32, map: usize, size: usize): void {
  blocks(g, x, 0, bytes, pivot, map, size, 0, false, true);
}
function gatedWeighted(
  g: usize, x: usize, w: usize, bytes: usize, pivot: f32, map: usize, size: usize, b: usize,
): void {
  blocks(g, x, w, bytes, pivot, map, size, b, true, true);
}

function sumsOfRun(
  g: usize, x: usize, w: usize, n: i32, pivot: f64, map: usize, size: usize, b: usize,
): void {
  const bytes = <usize>n << 2;
  const blocked = bytes & ~63;
  const near = <f32>pivot;
  if (map) {
    if (w) gatedWeighted(g, x, w, blocked, near, map, size, b);
    else gatedBlocks(g, x, blocked, near, map, size);
  } else if (w) weightedBlocks(g, x, w, blocked, near);
  else plain(g, x, blocked, near);
  // The pivot was rounded: what that is worth is Σ g·w times the difference.
  dot -= sum * (pivot - <f64>near);
  if (isFinite(dot) && abs(dot) > TINY) {
    const beside = w ? w + blocked : 0;
    exactSums(g + blocked, x + blocked, beside, bytes - blocked, pivot, map, size, b + blocked);
    return;
  }
  sum = 0;
  dot = 0;
  exactSums(g, x, w, bytes, pivot, map, size, b);
}

/**
 * Σ g·w[planes], then Σ g·w·(x − p)[planes]; out is zero before. w is 0 for no weights; s is 0 for no gate,
 * otherwise s, t and b make it, and the scratch holds three float32 per channel of the part.
 */
export function planeSums(
  out: usize, g: usize, x: usize, p: usize, w: usize, s: usize, t: usize, b: usize,
  samples: i32, outer: i32, channels: i32, inner: i32,
  n0: i32, n1: i32, c0: i32, c1: i32, scratch: usize,
): void {
  const second = (samples * channels) << 3;
  const part = c1 - c0;
  const size: usize = s ? part << 2 : 0;
  for (let n = n0; n < n1; n++) {
    const first = (n * channels + c0) << 3;
    if (s) spreadMap(scratch, size, p + first, s + first, t + first, part, 1);
    if (inner === 1) {
      const at: usize = (n * outer * channels + c0) << 2;
      const map = s ? scratch : 0;
      const to = out + first;
      sumsOfColumns(to, to + second, g + at, x + at, p + first, outer, channels << 2, part, w, map, size, b);
      continue;
    }
    for (let a = 0; a < outer; a++) {
      const at: usize = (((n * outer + a) * channels + c0) * inner) << 2;
      const k = (a * inner) << 2;
      const beside = w ? w + k : 0;
      const under = b ? b + k : 0;
      const sums = out + first;
      for (let c = 0; c < part; c++) {
        const to = sums + (c << 3);
        const by: usize = at + ((c * inner) << 2);
        const map = s ? scratch + (c << 2) : 0;
        sumsOfRun(g + by, x + by, beside, inner, load<f64>(p + first + (c << 3)), map, size, under);
        store<f64>(to, load<f64>(to) + sum);
        store<f64>(to + second, load<f64>(to + second) + dot);
      }
    }
  }
}

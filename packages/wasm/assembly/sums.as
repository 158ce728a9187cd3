// Sums over planes and over places, blocked as in moments.ts.

import { addBlock } from "./moments";
import { add2, high, low } from "./simd";

const BLOCK: usize = 256;
/** Sums below this are added up again in float64: float32 may have lost their terms. */
const TINY: f64 = 1e-30;

// What sumsOfRun found: Σ g·w and Σ g·w·(x − pivot).
let sum: f64 = 0;
let dot: f64 = 0;

/** The same in float64: the rest of a run, and runs whose products float32 cannot hold. */
function exactSums(g: usize, x: usize, w: usize, bytes: usize, pivot: f64): void {
  for (let i: usize = 0; i < bytes; i += 4) {
    const v = <f64>load<f32>(g + i) * (w ? <f64>load<f32>(w + i) : 1);
    sum += v;
    dot += v * (<f64>load<f32>(x + i) - pivot);
  }
}

/** `w` is the address of the weights beside x, 0 for none. */
// @ts-expect-error: decorator
@inline
function blocks(g: usize, x: usize, w: usize, bytes: usize, pivot: f32): void {
  const vp = f32x4.splat(pivot);
  let sums = f64x2.splat(0);
  let dots = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; ) {
    const end = i + BLOCK;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    for (; i < end; i += 32) {
      let g0 = v128.load(g + i);
      let g1 = v128.load(g + i, 16);
      if (w) {
        g0 = f32x4.mul(g0, v128.load(w + i));
        g1 = f32x4.mul(g1, v128.load(w + i, 16));
      }
      s0 = f32x4.add(s0, g0);
      s1 = f32x4.add(s1, g1);
      d0 = f32x4.add(d0, f32x4.mul(g0, f32x4.sub(v128.load(x + i), vp)));
      d1 = f32x4.add(d1, f32x4.mul(g1, f32x4.sub(v128.load(x + i, 16), vp)));
    }
    sums = addBlock(sums, s0, s1, f32x4.splat(0), f32x4.splat(0));
    dots = addBlock(dots, d0, d1, f32x4.splat(0), f32x4.splat(0));
  }
  sum = add2(sums);
  dot = add2(dots);
}

function sumsOfRun(g: usize, x: usize, w: usize, n: i32, pivot: f64): void {
  const bytes = <usize>n << 2;
  const blocked = bytes & ~(BLOCK - 1);
  const near = <f32>pivot;
  if (w) blocks(g, x, w, blocked, near);
  else blocks(g, x, 0, blocked, near);
  // The pivot was rounded: what that is worth is Σ g·w times the difference.
  dot -= sum * (pivot - <f64>near);
  if (isFinite(dot) && abs(dot) > TINY) {
    exactSums(g + blocked, x + blocked, w ? w + blocked : 0, bytes - blocked, pivot);
    return;
  }
  sum = 0;
  dot = 0;
  exactSums(g, x, w, bytes, pivot);
}

/** Σ g·w and Σ g·w·(x − p) of a row of channels, for runs of one element. */
function sumsOfRow(sums: usize, dots: usize, g: usize, x: usize, p: usize, n: i32, w: f64): void {
  const end = g + ((n & ~3) << 2);
  const stop = g + (n << 2);
  const vw = f64x2.splat(w);
  while (g < end) {
    const vg = v128.load(g);
    const vx = v128.load(x);
    const g0 = f64x2.mul(low(vg), vw);
    const g1 = f64x2.mul(high(vg), vw);
    v128.store(sums, f64x2.add(v128.load(sums), g0));
    v128.store(sums, f64x2.add(v128.load(sums, 16), g1), 16);
    const d0 = f64x2.mul(g0, f64x2.sub(low(vx), v128.load(p)));
    const d1 = f64x2.mul(g1, f64x2.sub(high(vx), v128.load(p, 16)));
    v128.store(dots, f64x2.add(v128.load(dots), d0));
    v128.store(dots, f64x2.add(v128.load(dots, 16), d1), 16);
    g += 16;
    x += 16;
    p += 32;
    sums += 32;
    dots += 32;
  }
  while (g < stop) {
    const v = <f64>load<f32>(g) * w;
    store<f64>(sums, load<f64>(sums) + v);
    store<f64>(dots, load<f64>(dots) + v * (<f64>load<f32>(x) - load<f64>(p)));
    g += 4;
    x += 4;
    p += 8;
    sums += 8;
    dots += 8;
  }
}

/** Σ g·w[planes], then Σ g·w·(x − p)[planes]; out is zero before, w is 0 for no weights. */
export function planeSums(
  out: usize, g: usize, x: usize, p: usize, w: usize,
  samples: i32, outer: i32, channels: i32, inner: i32,
): void {
  const second = (samples * channels) << 3;
  for (let n = 0; n < samples; n++) {
    for (let a = 0; a < outer; a++) {
      if (inner === 1) {
        const weight = w ? <f64>load<f32>(w + (a << 2)) : 1;
        sumsOfRow(out, out + second, g, x, p, channels, weight);
        g += channels << 2;
        x += channels << 2;
        continue;
      }
      const weights = w ? w + ((a * inner) << 2) : 0;
      for (let c = 0; c < channels; c++) {
        const at = out + (c << 3);
        sumsOfRun(g, x, weights, inner, load<f64>(p + (c << 3)));
        store<f64>(at, load<f64>(at) + sum);
        store<f64>(at + second, load<f64>(at + second) + dot);
        g += inner << 2;
        x += inner << 2;
      }
    }
    out += channels << 3;
    p += channels << 3;
  }
}

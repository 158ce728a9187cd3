// Sums over the planes, place by place: the gradients of a weight and a bias along the plane. Divided by
// places, gated as in sums.as.

import { addBlock } from "./moments";
import { mapped, spreadMap } from "./planes";
import { add2, high, low, madd } from "./simd";
import { through } from "./sums";

/** How many planes are added up in float32 before their sum goes on in float64. */
const PLANES: i32 = 64;

/** Adds float32 totals to float64 ones and clears them. */
function flush(totals: usize, from: usize, n: i32): void {
  const end = from + ((n & ~3) << 2);
  const stop = from + (n << 2);
  while (from < end) {
    const v = v128.load(from);
    v128.store(totals, f64x2.add(v128.load(totals), low(v)));
    v128.store(totals, f64x2.add(v128.load(totals, 16), high(v)), 16);
    v128.store(from, f32x4.splat(0));
    totals += 32;
    from += 16;
  }
  while (from < stop) {
    store<f64>(totals, load<f64>(totals) + <f64>load<f32>(from));
    store<f32>(from, 0);
    totals += 8;
    from += 4;
  }
}

/** What one plane adds to the sums and dots of one vector of places. */
// @ts-expect-error: decorator
@inline
function addPlane(
  sums: usize, dots: usize, g: v128, x: v128, p: v128, s: v128, t: v128, w: v128, b: v128, gated: bool,
): void {
  const y = mapped(x, p, s, t, w, b, false);
  const open = gated ? v128.and(g, f32x4.gt(madd(y, w, b), f32x4.splat(0))) : g;
  v128.store(sums, f32x4.add(v128.load(sums), open));
  v128.store(dots, madd(open, y, v128.load(dots)));
}

/** One plane's run of n places, added to float32 totals. */
// @ts-expect-error: decorator
@inline
function planeRun(
  sums: usize, dots: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, b: usize, gated: bool,
): void {
  const end = g + ((n & ~3) << 2);
  const stop = g + (n << 2);
  const p = v128.load32_splat(map);
  const s = v128.load32_splat(map + size);
  const t = v128.load32_splat(map + 2 * size);
  while (g < end) {
    const vw = gated ? v128.load(w) : p;
    const vb = gated ? v128.load(b) : p;
    addPlane(sums, dots, v128.load(g), v128.load(x), p, s, t, vw, vb, gated);
    g += 16;
    x += 16;
    w += 16;
    b += 16;
    sums += 16;
    dots += 16;
  }
  while (g < stop) {
    const vg = v128.load32_splat(g);
    const y = mapped(v128.load32_splat(x), p, s, t, p, p, false);
    const open = gated
      ? v128.and(vg, f32x4.gt(madd(y, v128.load32_splat(w), v128.load32_splat(b)), f32x4.splat(0)))
      : vg;
    v128.store32_lane(sums, f32x4.add(v128.load32_splat(sums), open), 0);
    v128.store32_lane(dots, madd(open, y, v128.load32_splat(dots)), 0);
    g += 4;
    x += 4;
    w += 4;
    b += 4;
    sums += 4;
    dots += 4;
  }
}

/** The runs of two planes, `step` bytes apart, one after the other to every vector of totals. */
function pairOfRuns(
  sums: usize, dots: usize, g: usize, x: usize, step: usize, n: i32, map: usize, size: usize,
): void {
  const end = g + (n << 2);
  const p0 = v128.load32_splat(map);
  const s0 = v128.load32_splat(map + size);
  const t0 = v128.load32_splat(map + 2 * size);
  const p1 = v128.load32_splat(map + 4);
  const s1 = v128.load32_splat(map + size + 4);
  const t1 = v128.load32_splat(map + 2 * size + 4);
  while (g < end) {
    const g0 = v128.load(g);
    const g1 = v128.load(g + step);
    const y0 = mapped(v128.load(x), p0, s0, t0, p0, p0, false);
    const y1 = mapped(v128.load(x + step), p1, s1, t1, p1, p1, false);
    v128.store(sums, f32x4.add(f32x4.add(v128.load(sums), g0), g1));
    v128.store(dots, madd(g1, y1, madd(g0, y0, v128.load(dots))));
    g += 16;
    x += 16;
    sums += 16;
    dots += 16;
  }
}

function plainRun(sums: usize, dots: usize, g: usize, x: usize, n: i32, map: usize, size: usize): void {
  planeRun(sums, dots, g, x, n, map, size, 0, 0, false);
}
function gatedRun(
  sums: usize, dots: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, b: usize,
): void {
  planeRun(sums, dots, g, x, n, map, size, w, b, true);
}

/** The places of a run, of `count` planes whose runs lie `step` bytes apart. */
function placesOfRun(
  dots: usize, sums: usize, g: usize, x: usize, step: usize, map: usize, size: usize, count: i32,
  n: i32, w: usize, b: usize, near: usize,
): void {
  const far = near + (n << 2);
  for (let i = 0; i < count; ) {
    const pair = !w && n % 4 === 0 && i + 2 <= count;
    if (w) gatedRun(near, far, g, x, n, map, size, w, b);
    else if (pair) pairOfRuns(near, far, g, x, step, n, map, size);
    else plainRun(near, far, g, x, n, map, size);
    const runs = pair ? 2 : 1;
    i += runs;
    g += step * runs;
    x += step * runs;
    map += 4 * runs;
    if (i % PLANES === 0 || i === count) {
      flush(sums, near, n);
      flush(dots, far, n);
    }
  }
}

/** One place of `count` neighbouring planes. */
// @ts-expect-error: decorator
@inline
function place(
  dots: usize, sums: usize, g: usize, x: usize, map: usize, size: usize, count: i32, w: usize, b: usize, gated: bool,
): void {
  const vw = gated ? v128.load32_splat(w) : f32x4.splat(0);
  const vb = gated ? v128.load32_splat(b) : f32x4.splat(0);
  let sum = f64x2.splat(0);
  let dot = f64x2.splat(0);
  let i = 0;
  while (i + 4 <= count) {
    const end = min(i + PLANES, count);
    let s0 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    for (; i + 4 <= end; i += 4) {
      const at = map + (i << 2);
      const y = mapped(
        v128.load(x + (i << 2)), v128.load(at), v128.load(at + size), v128.load(at + 2 * size), vw, vb, false,
      );
      let vg = v128.load(g + (i << 2));
      if (gated) vg = v128.and(vg, f32x4.gt(madd(y, vw, vb), f32x4.splat(0)));
      s0 = f32x4.add(s0, vg);
      d0 = madd(vg, y, d0);
    }
    sum = addBlock(sum, s0, f32x4.splat(0), f32x4.splat(0), f32x4.splat(0));
    dot = addBlock(dot, d0, f32x4.splat(0), f32x4.splat(0), f32x4.splat(0));
  }
  let total = add2(sum);
  let product = add2(dot);
  for (; i < count; i++) {
    const at = map + (i << 2);
    const y = mapped(
      v128.load32_splat(x + (i << 2)), v128.load32_splat(at), v128.load32_splat(at + size),
      v128.load32_splat(at + 2 * size), vw, vb, false,
    );
    let vg = v128.load32_splat(g + (i << 2));
    if (gated) vg = v128.and(vg, f32x4.gt(madd(y, vw, vb), f32x4.splat(0)));
    total += <f64>f32x4.extract_lane(vg, 0);
    product += <f64>f32x4.extract_lane(vg, 0) * <f64>f32x4.extract_lane(y, 0);
  }
  store<f64>(sums, load<f64>(sums) + total);
  store<f64>(dots, load<f64>(dots) + product);
}

function plainPlace(
  dots: usize, sums: usize, g: usize, x: usize, map: usize, size: usize, count: i32,
): void {
  place(dots, sums, g, x, map, size, count, 0, 0, false);
}
function gatedPlace(
  dots: usize, sums: usize, g: usize, x: usize, map: usize, size: usize, count: i32, w: usize, b: usize,
): void {
  place(dots, sums, g, x, map, size, count, w, b, true);
}

/**
 * Σ g·((x − p)·s + t)[places], then Σ g[places], over the planes, for places a0 to a1 of `outer` and k0 to k1
 * of `inner`; out is zero before. w is 0 for no gate, otherwise w and b make it. The scratch holds three
 * float32 per plane, then two per place of a run, zero before.
 */
export function alongSums(
  out: usize, g: usize, x: usize, p: usize, s: usize, t: usize, w: usize, b: usize,
  samples: i32, outer: i32, channels: i32, inner: i32,
  a0: i32, a1: i32, k0: i32, k1: i32, scratch: usize,
): void {
  const planes = samples * channels;
  const second = (outer * inner) << 3;
  const size: usize = planes << 2;
  const near = scratch + 3 * size;
  spreadMap(scratch, size, p, s, t, planes, 1);
  // With one run per plane all planes lie evenly; otherwise those of one sample and place do.
  const even = outer === 1;
  const count = even ? planes : channels;
  const groups = even ? 1 : samples;
  for (let n = 0; n < groups; n++) {
    const map = scratch + ((n * channels) << 2);
    for (let a = a0; a < a1; a++) {
      const at: usize = ((n * outer + a) * channels * inner + k0) << 2;
      const k = a * inner + k0;
      const dots = out + (k << 3);
      const vw = w ? w + (k << 2) : 0;
      const vb = w ? b + (k << 2) : 0;
      if (inner > 1) {
        placesOfRun(dots, dots + second, g + at, x + at, inner << 2, map, size, count, k1 - k0, vw, vb, near);
      } else if (w) gatedPlace(dots, dots + second, g + at, x + at, map, size, count, vw, vb);
      else plainPlace(dots, dots + second, g + at, x + at, map, size, count);
    }
  }
}

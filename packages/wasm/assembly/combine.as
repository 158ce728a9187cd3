// The gradient of x in every norm, laid out and divided as in planes.as, gated as in sums.as.

import { LONG, spreadMap, spreadRow } from "./planes";
import { madd } from "./simd";
import { through } from "./sums";

/** a·g·w + b·(x − p) + c. */
// @ts-expect-error: decorator
@inline
function combined(g: v128, x: v128, p: v128, a: v128, b: v128, c: v128, w: v128, weighted: bool): v128 {
  const own = weighted ? f32x4.mul(a, w) : a;
  return madd(b, f32x4.sub(x, p), madd(own, g, c));
}

/**
 * n elements of a run. `map` holds p, a, b, c and with a gate its p, s, t, each `size` after the last;
 * `rows` has them of every element, `places` has w (and the gate's bias) of every element.
 */
// @ts-expect-error: decorator
@inline
function combineRun(
  r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, bias: usize,
  rows: bool, weighted: bool, places: bool, gated: bool,
): void {
  const end4 = r + ((n & ~15) << 2);
  const end = r + ((n & ~3) << 2);
  const stop = r + (n << 2);
  const zero = f32x4.splat(0);
  let p = v128.load32_splat(map);
  let a = v128.load32_splat(map + size);
  let b = v128.load32_splat(map + 2 * size);
  let c = v128.load32_splat(map + 3 * size);
  let gp = gated ? v128.load32_splat(map + 4 * size) : zero;
  let gs = gated ? v128.load32_splat(map + 5 * size) : zero;
  let gt = gated ? v128.load32_splat(map + 6 * size) : zero;
  let vw = weighted ? v128.load32_splat(w) : zero;
  let vb = weighted && gated ? v128.load32_splat(bias) : zero;
  const step: usize = rows ? 16 : 0;
  const stride: usize = places ? 16 : 0;
  if (!rows && !weighted && !gated) {
    while (r < end4) {
      v128.store(r, combined(v128.load(g), v128.load(x), p, a, b, c, zero, false));
      v128.store(r, combined(v128.load(g, 16), v128.load(x, 16), p, a, b, c, zero, false), 16);
      v128.store(r, combined(v128.load(g, 32), v128.load(x, 32), p, a, b, c, zero, false), 32);
      v128.store(r, combined(v128.load(g, 48), v128.load(x, 48), p, a, b, c, zero, false), 48);
      r += 64;
      g += 64;
      x += 64;
    }
  }
  if (places && !gated) {
    while (r < end4) {
      v128.store(r, combined(v128.load(g), v128.load(x), p, a, b, c, v128.load(w), true));
      v128.store(r, combined(v128.load(g, 16), v128.load(x, 16), p, a, b, c, v128.load(w, 16), true), 16);
      v128.store(r, combined(v128.load(g, 32), v128.load(x, 32), p, a, b, c, v128.load(w, 32), true), 32);
      v128.store(r, combined(v128.load(g, 48), v128.load(x, 48), p, a, b, c, v128.load(w, 48), true), 48);
      r += 64;
      g += 64;
      x += 64;
      w += 64;
    }
  }
  while (r < end) {
    if (rows) {
      p = v128.load(map);
      a = v128.load(map + size);
      b = v128.load(map + 2 * size);
      c = v128.load(map + 3 * size);
      if (gated) {
        gp = v128.load(map + 4 * size);
        gs = v128.load(map + 5 * size);
        gt = v128.load(map + 6 * size);
      }
      map += step;
    }
    if (places) {
      vw = v128.load(w);
      if (gated) vb = v128.load(bias);
      w += stride;
      bias += stride;
    }
    const vx = v128.load(x);
    let vg = v128.load(g);
    if (gated) vg = through(vg, vx, gp, gs, gt, vw, vb, weighted);
    v128.store(r, combined(vg, vx, p, a, b, c, vw, weighted));
    r += 16;
    g += 16;
    x += 16;
  }
  while (r < stop) {
    if (rows) {
      p = v128.load32_splat(map);
      a = v128.load32_splat(map + size);
      b = v128.load32_splat(map + 2 * size);
      c = v128.load32_splat(map + 3 * size);
      if (gated) {
        gp = v128.load32_splat(map + 4 * size);
        gs = v128.load32_splat(map + 5 * size);
        gt = v128.load32_splat(map + 6 * size);
      }
      map += step >> 2;
    }
    if (places) {
      vw = v128.load32_splat(w);
      if (gated) vb = v128.load32_splat(bias);
      w += stride >> 2;
      bias += stride >> 2;
    }
    const vx = v128.load32_splat(x);
    let vg = v128.load32_splat(g);
    if (gated) vg = through(vg, vx, gp, gs, gt, vw, vb, weighted);
    v128.store32_lane(r, combined(vg, vx, p, a, b, c, vw, weighted), 0);
    r += 4;
    g += 4;
    x += 4;
  }
}

function plainRun(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize): void {
  combineRun(r, g, x, n, map, size, 0, 0, false, false, false, false);
}
function plainRows(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize): void {
  combineRun(r, g, x, n, map, size, 0, 0, true, false, false, false);
}
function gatedRun(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize): void {
  combineRun(r, g, x, n, map, size, 0, 0, false, false, false, true);
}
function gatedRows(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize): void {
  combineRun(r, g, x, n, map, size, 0, 0, true, false, false, true);
}
function weightedPlaces(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize): void {
  combineRun(r, g, x, n, map, size, w, 0, false, true, true, false);
}
function weightedPlanes(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize): void {
  combineRun(r, g, x, n, map, size, w, 0, true, true, false, false);
}
function gatedPlaces(
  r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, bias: usize,
): void {
  combineRun(r, g, x, n, map, size, w, bias, false, true, true, true);
}
function gatedPlanes(
  r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, bias: usize,
): void {
  combineRun(r, g, x, n, map, size, w, bias, true, true, false, true);
}

/** p, a, b and c of `count` channels in float32, each `size` bytes after the last, `each` times. */
function prepare(
  to: usize, size: usize, p: usize, a: usize, b: usize, c: usize, count: i32, each: i32,
): void {
  for (let k = 0; k < count; k++) {
    const at = k << 3;
    const pivot = <f32>load<f64>(p + at);
    const slope = load<f64>(b + at);
    const rest = load<f64>(c + at) - slope * (load<f64>(p + at) - <f64>pivot);
    spreadRow(to, pivot, each);
    spreadRow(to + size, <f32>load<f64>(a + at), each);
    spreadRow(to + 2 * size, <f32>slope, each);
    to = spreadRow(to + 3 * size, <f32>rest, each) - 3 * size;
  }
}

/**
 * a·g·w + b·(x − p) + c, the pivot rounded as in planeAffine. Without weights w is 0. gs is 0 for no gate,
 * otherwise gp, gs, gt and bias make it. The scratch holds four float32, with a gate seven, per channel of
 * the part, and as many per element of its rows where there is no weight.
 */
export function planeCombine(
  r: usize, g: usize, x: usize, p: usize, a: usize, b: usize, c: usize, w: usize,
  gp: usize, gs: usize, gt: usize, bias: usize,
  outer: i32, channels: i32, inner: i32, n0: i32, n1: i32, c0: i32, c1: i32, scratch: usize,
): void {
  const rows = !w && inner < LONG;
  const each = rows ? inner : 1;
  const part = c1 - c0;
  const size: usize = (part * each) << 2;
  for (let n = n0; n < n1; n++) {
    const first = (n * channels + c0) << 3;
    prepare(scratch, size, p + first, a + first, b + first, c + first, part, each);
    if (gs) spreadMap(scratch + 4 * size, size, gp + first, gs + first, gt + first, part, each);
    for (let o = 0; o < outer; o++) {
      const at: usize = (((n * outer + o) * channels + c0) * inner) << 2;
      const k = (o * inner) << 2;
      const to = r + at;
      const dg = g + at;
      const dx = x + at;
      if (rows) {
        if (gs) gatedRows(to, dg, dx, part * inner, scratch, size);
        else plainRows(to, dg, dx, part * inner, scratch, size);
      } else if (w && inner === 1) {
        if (gs) gatedPlanes(to, dg, dx, part, scratch, size, w + k, bias + k);
        else weightedPlanes(to, dg, dx, part, scratch, size, w + k);
      } else {
        for (let i = 0; i < part; i++) {
          const m = scratch + (i << 2);
          const by = (i * inner) << 2;
          if (w) {
            if (gs) gatedPlaces(to + by, dg + by, dx + by, inner, m, size, w + k, bias + k);
            else weightedPlaces(to + by, dg + by, dx + by, inner, m, size, w + k);
          } else if (gs) gatedRun(to + by, dg + by, dx + by, inner, m, size);
          else plainRun(to + by, dg + by, dx + by, inner, m, size);
        }
      }
    }
  }
}

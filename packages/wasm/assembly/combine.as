// The gradient of x in every norm, laid out as in planes.ts.

import { spreadRow } from "./planes";

/** Runs from this length on have loops of their own. */
const LONG: i32 = 8;

/** r = a·g + b·x + c for n elements; numbers as in affineRun. */
function combineRun(
  r: usize, g: usize, x: usize, n: i32, p: usize, a: usize, b: usize, c: usize, step: usize,
): void {
  const end = r + ((n & ~3) << 2);
  const stop = r + (n << 2);
  if (step === 0) {
    const vp = v128.load32_splat(p);
    const va = v128.load32_splat(a);
    const vb = v128.load32_splat(b);
    const vc = v128.load32_splat(c);
    while (r < end) {
      const d = f32x4.mul(vb, f32x4.sub(v128.load(x), vp));
      v128.store(r, f32x4.add(f32x4.add(f32x4.mul(va, v128.load(g)), d), vc));
      r += 16;
      g += 16;
      x += 16;
    }
  } else {
    while (r < end) {
      const d = f32x4.mul(v128.load(b), f32x4.sub(v128.load(x), v128.load(p)));
      v128.store(r, f32x4.add(f32x4.add(f32x4.mul(v128.load(a), v128.load(g)), d), v128.load(c)));
      r += 16;
      g += 16;
      x += 16;
      p += 16;
      a += 16;
      b += 16;
      c += 16;
    }
  }
  while (r < stop) {
    const d = load<f32>(b) * (load<f32>(x) - load<f32>(p));
    store<f32>(r, load<f32>(a) * load<f32>(g) + d + load<f32>(c));
    r += 4;
    g += 4;
    x += 4;
    p += step >> 2;
    a += step >> 2;
    b += step >> 2;
    c += step >> 2;
  }
}

/** a·g·w + b·(x − p) + c for n elements; of p, a, b, c (each `size` after the last) or of w there is one for all. */
// @ts-expect-error: decorator
@inline
function weightedRun(
  r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize, alongPlaces: bool,
): void {
  const end = r + ((n & ~3) << 2);
  const stop = r + (n << 2);
  const planes: usize = alongPlaces ? 0 : 4;
  const places: usize = alongPlaces ? 4 : 0;
  while (r < end) {
    const vp = alongPlaces ? v128.load32_splat(map) : v128.load(map);
    const va = alongPlaces ? v128.load32_splat(map + size) : v128.load(map + size);
    const vb = alongPlaces ? v128.load32_splat(map + 2 * size) : v128.load(map + 2 * size);
    const vc = alongPlaces ? v128.load32_splat(map + 3 * size) : v128.load(map + 3 * size);
    const vw = alongPlaces ? v128.load(w) : v128.load32_splat(w);
    const d = f32x4.mul(vb, f32x4.sub(v128.load(x), vp));
    v128.store(r, f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(va, v128.load(g)), vw), d), vc));
    r += 16;
    g += 16;
    x += 16;
    map += planes << 2;
    w += places << 2;
  }
  while (r < stop) {
    const d = load<f32>(map + 2 * size) * (load<f32>(x) - load<f32>(map));
    const own = load<f32>(map + size) * load<f32>(g) * load<f32>(w);
    store<f32>(r, own + d + load<f32>(map + 3 * size));
    r += 4;
    g += 4;
    x += 4;
    map += planes;
    w += places;
  }
}

function weightedPlaces(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize): void {
  weightedRun(r, g, x, n, map, size, w, true);
}
function weightedPlanes(r: usize, g: usize, x: usize, n: i32, map: usize, size: usize, w: usize): void {
  weightedRun(r, g, x, n, map, size, w, false);
}

/** p, a, b and c of a sample's channels in float32, each `size` bytes after the last, `each` times. */
function prepare(
  to: usize, p: usize, a: usize, b: usize, c: usize, channels: i32, each: i32, size: usize,
): void {
  for (let k = 0; k < channels; k++) {
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
 * a·g·w + b·(x − p) + c, the pivot rounded as in planeAffine. Without weights w is 0; the scratch then
 * holds four float32 per element of a row, otherwise per channel.
 */
export function planeCombine(
  r: usize, g: usize, x: usize, p: usize, a: usize, b: usize, c: usize, w: usize,
  samples: i32, outer: i32, channels: i32, inner: i32, scratch: usize,
): void {
  const rows = !w && inner < LONG;
  const each = rows ? inner : 1;
  const row = channels * inner;
  const size: usize = (channels * each) << 2;
  for (let n = 0; n < samples; n++) {
    const at = (n * channels) << 3;
    prepare(scratch, p + at, a + at, b + at, c + at, channels, each, size);
    for (let o = 0; o < outer; o++) {
      const q = scratch;
      const k = w + ((o * inner) << 2);
      if (rows) combineRun(r, g, x, row, q, q + size, q + 2 * size, q + 3 * size, 16);
      else if (w && inner === 1) weightedPlanes(r, g, x, row, q, size, k);
      else {
        for (let i = 0; i < channels; i++) {
          const m = q + (i << 2);
          const by = (i * inner) << 2;
          if (w) weightedPlaces(r + by, g + by, x + by, inner, m, size, k);
          else combineRun(r + by, g + by, x + by, inner, m, m + size, m + 2 * size, m + 3 * size, 0);
        }
      }
      r += row << 2;
      g += row << 2;
      x += row << 2;
    }
  }
}

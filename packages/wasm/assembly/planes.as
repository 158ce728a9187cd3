// The passes of every norm that write x's shape (see norm-core's planes.ts for the algebra): x, g and results
// in float32, one float64 per plane for everything else. A plane's run of `inner` neighbours is read in
// vectors; where runs are short, a whole row of channels is, with the planes' numbers spread out beside it.

/** Runs from this length on have loops of their own. */
const LONG: i32 = 8;

/** One float32 per element of a row of channels, each plane's number `inner` times. */
export function spreadRow(to: usize, value: f32, inner: i32): usize {
  for (let i = 0; i < inner; i++) {
    store<f32>(to, value);
    to += 4;
  }
  return to;
}

/** y = (x − p)·s + t for n elements, numbers from arrays (step 16) or from one vector each (step 0). */
function affineRun(y: usize, x: usize, n: i32, p: usize, s: usize, t: usize, step: usize): void {
  const end = y + ((n & ~3) << 2);
  const stop = y + (n << 2);
  if (step === 0) {
    const vp = v128.load32_splat(p);
    const vs = v128.load32_splat(s);
    const vt = v128.load32_splat(t);
    while (y < end) {
      v128.store(y, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), vp), vs), vt));
      y += 16;
      x += 16;
    }
  } else {
    while (y < end) {
      const d = f32x4.sub(v128.load(x), v128.load(p));
      v128.store(y, f32x4.add(f32x4.mul(d, v128.load(s)), v128.load(t)));
      y += 16;
      x += 16;
      p += 16;
      s += 16;
      t += 16;
    }
  }
  while (y < stop) {
    store<f32>(y, (load<f32>(x) - load<f32>(p)) * load<f32>(s) + load<f32>(t));
    y += 4;
    x += 4;
    p += step >> 2;
    s += step >> 2;
    t += step >> 2;
  }
}

/** ((x − p)·s + t)·w + b for n elements; of p, s, t or of w, b there is one for all. */
// @ts-expect-error: decorator
@inline
function weightedRun(
  y: usize, x: usize, n: i32, p: usize, s: usize, t: usize, w: usize, b: usize, alongPlaces: bool,
): void {
  const end = y + ((n & ~3) << 2);
  const stop = y + (n << 2);
  const planes: usize = alongPlaces ? 0 : 4;
  const places: usize = alongPlaces ? 4 : 0;
  while (y < end) {
    const vp = alongPlaces ? v128.load32_splat(p) : v128.load(p);
    const vs = alongPlaces ? v128.load32_splat(s) : v128.load(s);
    const vt = alongPlaces ? v128.load32_splat(t) : v128.load(t);
    const vw = alongPlaces ? v128.load(w) : v128.load32_splat(w);
    const vb = alongPlaces ? v128.load(b) : v128.load32_splat(b);
    const v = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), vp), vs), vt);
    v128.store(y, f32x4.add(f32x4.mul(v, vw), vb));
    y += 16;
    x += 16;
    p += planes << 2;
    s += planes << 2;
    t += planes << 2;
    w += places << 2;
    b += places << 2;
  }
  while (y < stop) {
    const v = (load<f32>(x) - load<f32>(p)) * load<f32>(s) + load<f32>(t);
    store<f32>(y, v * load<f32>(w) + load<f32>(b));
    y += 4;
    x += 4;
    p += planes;
    s += planes;
    t += planes;
    w += places;
    b += places;
  }
}

function weightedPlaces(y: usize, x: usize, n: i32, p: usize, s: usize, t: usize, w: usize, b: usize): void {
  weightedRun(y, x, n, p, s, t, w, b, true);
}
function weightedPlanes(y: usize, x: usize, n: i32, p: usize, s: usize, t: usize, w: usize, b: usize): void {
  weightedRun(y, x, n, p, s, t, w, b, false);
}

/**
 * ((x − p)·s + t)·w + b. The pivot is rounded to float32, and what that loses goes into the shift, so that
 * an offset of x costs nothing. Without weights w is 0; the scratch then holds three float32 per element
 * of a row, otherwise per channel.
 */
export function planeAffine(
  y: usize, x: usize, p: usize, s: usize, t: usize, w: usize, b: usize,
  samples: i32, outer: i32, channels: i32, inner: i32, scratch: usize,
): void {
  const rows = !w && inner < LONG;
  const each = rows ? inner : 1;
  const row = channels * inner;
  const size = (channels * each) << 2;
  const ss = scratch + size;
  const ts = ss + size;
  for (let n = 0; n < samples; n++) {
    let to = scratch;
    for (let c = 0; c < channels; c++) {
      const at = (n * channels + c) << 3;
      const pivot = <f32>load<f64>(p + at);
      const scale = load<f64>(s + at);
      const shift = load<f64>(t + at) - scale * (load<f64>(p + at) - <f64>pivot);
      spreadRow(to, pivot, each);
      spreadRow(to + size, <f32>scale, each);
      to = spreadRow(to + 2 * size, <f32>shift, each) - 2 * size;
    }
    for (let a = 0; a < outer; a++) {
      const k = (a * inner) << 2;
      if (rows) affineRun(y, x, row, scratch, ss, ts, 16);
      else if (w && inner === 1) weightedPlanes(y, x, row, scratch, ss, ts, w + k, b + k);
      else {
        for (let c = 0; c < channels; c++) {
          const q = c << 2;
          const by = (c * inner) << 2;
          if (w) weightedPlaces(y + by, x + by, inner, scratch + q, ss + q, ts + q, w + k, b + k);
          else affineRun(y + by, x + by, inner, scratch + q, ss + q, ts + q, 0);
        }
      }
      x += row << 2;
      y += row << 2;
    }
  }
}

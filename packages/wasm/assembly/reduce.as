// Sums of float32, added up in float64 in a fixed order, and largest elements.

import { add2, high, low } from "./simd";

function sumOfRun(x: usize, n: i32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  const end = x + ((n & ~7) << 2);
  const stop = x + (n << 2);
  while (x < end) {
    const v = v128.load(x);
    const w = v128.load(x, 16);
    a = f64x2.add(a, low(v));
    b = f64x2.add(b, high(v));
    c = f64x2.add(c, low(w));
    d = f64x2.add(d, high(w));
    x += 32;
  }
  let total = add2(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)));
  while (x < stop) {
    total += <f64>load<f32>(x);
    x += 4;
  }
  return total;
}

/** totals += a row. */
function addRow(totals: usize, x: usize, n: i32): void {
  const end = x + ((n & ~3) << 2);
  const stop = x + (n << 2);
  while (x < end) {
    const v = v128.load(x);
    v128.store(totals, f64x2.add(v128.load(totals), low(v)));
    v128.store(totals, f64x2.add(v128.load(totals, 16), high(v)), 16);
    totals += 32;
    x += 16;
  }
  while (x < stop) {
    store<f64>(totals, load<f64>(totals) + <f64>load<f32>(x));
    totals += 8;
    x += 4;
  }
}

/** [outer, over, kept, run] to [outer, kept]; the scratch holds `kept` float64. */
export function sum(
  out: usize,
  x: usize,
  outer: i32,
  over: i32,
  kept: i32,
  run: i32,
  scratch: usize,
): void {
  for (let o = 0; o < outer; o++) {
    memory.fill(scratch, 0, kept << 3);
    for (let r = 0; r < over; r++) {
      if (run === 1) addRow(scratch, x, kept);
      else {
        for (let k = 0; k < kept; k++) {
          const at = scratch + (k << 3);
          store<f64>(at, load<f64>(at) + sumOfRun(x + ((k * run) << 2), run));
        }
      }
      x += (kept * run) << 2;
    }
    for (let k = 0; k < kept; k++) {
      store<f32>(out, <f32>load<f64>(scratch + (k << 3)));
      out += 4;
    }
  }
}

/** The largest element, or NaN. */
export function largest(x: usize, n: i32): f32 {
  let m = f32x4.splat(-Infinity);
  const stop = x + (n << 2);
  for (; x + 16 <= stop; x += 16) m = f32x4.max(m, v128.load(x));
  for (; x < stop; x += 4) m = f32x4.max(m, v128.load32_splat(x));
  m = f32x4.max(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1));
}

/** [outer, over, kept, run] to [outer, kept]. */
export function maxOf(out: usize, x: usize, outer: i32, over: i32, kept: i32, run: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < kept; k++) store<f32>(out + (k << 2), -Infinity);
    for (let r = 0; r < over; r++) {
      if (run === 1) {
        let k = 0;
        for (; k + 4 <= kept; k += 4, x += 16) {
          v128.store(out + (k << 2), f32x4.max(v128.load(out + (k << 2)), v128.load(x)));
        }
        for (; k < kept; k++, x += 4) {
          store<f32>(out + (k << 2), max<f32>(load<f32>(out + (k << 2)), load<f32>(x)));
        }
        continue;
      }
      for (let k = 0; k < kept; k++, x += run << 2) {
        store<f32>(out + (k << 2), max<f32>(load<f32>(out + (k << 2)), largest(x, run)));
      }
    }
    out += kept << 2;
  }
}

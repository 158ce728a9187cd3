// Sums of float32, added up in float64 in a fixed order.

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

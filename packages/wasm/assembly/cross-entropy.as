// Cross-entropy of class ids from logits, and its gradient. Σ eᶻ is added up in float64.

import { log2 } from "./pow";
import { largest } from "./reduce";
import { add2, high, low } from "./simd";
import { exp4 } from "./transcendental";

const LN2: f64 = 0.6931471805599453;

/** The last n elements of a row, one to three, beside some whose e^z is 0. */
// @ts-expect-error: decorator
@inline
function rest(z: usize, n: i32): v128 {
  let v = f32x4.replace_lane(f32x4.splat(-Infinity), 0, load<f32>(z));
  if (n > 1) v = f32x4.replace_lane(v, 1, load<f32>(z, 4));
  if (n > 2) v = f32x4.replace_lane(v, 2, load<f32>(z, 8));
  return v;
}

/** Σ e^(z − m). */
function sumOfExp(z: usize, n: i32, m: f32): f64 {
  const shift = f32x4.splat(m);
  let total = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const e = exp4(f32x4.sub(v128.load(z + (i << 2)), shift));
    total = f64x2.add(total, f64x2.add(low(e), high(e)));
  }
  if (i < n) {
    const e = exp4(f32x4.sub(rest(z + (i << 2), n - i), shift));
    total = f64x2.add(total, f64x2.add(low(e), high(e)));
  }
  return add2(total);
}

function sumOf(z: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) total += <f64>load<f32>(z + (i << 2));
  return total;
}

/** Per row (1 − s)·(ln Σ eᶻ − z[id]) + s·(ln Σ eᶻ − mean z). */
export function crossEntropy(out: usize, z: usize, ids: usize, rows: i32, classes: i32, s: f64): void {
  for (let r = 0; r < rows; r++, z += classes << 2) {
    const m = largest(z, classes);
    const bits = f64x2.extract_lane(log2(f64x2.splat(sumOfExp(z, classes, m))), 0);
    const l = bits * LN2 + <f64>m;
    const id = <i32>load<f32>(ids + (r << 2));
    let loss = l - <f64>load<f32>(z + (id << 2));
    if (s !== 0) loss = (1 - s) * loss + s * (l - sumOf(z, classes) / classes);
    store<f32>(out + (r << 2), <f32>loss);
  }
}

/** Per row g·(eᶻ / Σ eᶻ − t), t = s / classes and at the id 1 − s more. */
export function crossEntropyGradient(
  out: usize, z: usize, ids: usize, g: usize, rows: i32, classes: i32, s: f64,
): void {
  const everywhere = <f32>(s / classes);
  const t = f32x4.splat(everywhere);
  for (let r = 0; r < rows; r++, z += classes << 2, out += classes << 2) {
    const m = largest(z, classes);
    const factor = load<f32>(g + (r << 2));
    const share = f32x4.splat(<f32>(1 / sumOfExp(z, classes, m)));
    const vm = f32x4.splat(m);
    const vg = f32x4.splat(factor);
    const id = <i32>load<f32>(ids + (r << 2));
    let i = 0;
    for (; i + 4 <= classes; i += 4) {
      const p = f32x4.mul(exp4(f32x4.sub(v128.load(z + (i << 2)), vm)), share);
      v128.store(out + (i << 2), f32x4.mul(f32x4.sub(p, t), vg));
    }
    for (; i < classes; i++) {
      const e = exp4(f32x4.sub(v128.load32_splat(z + (i << 2)), vm));
      const p = f32x4.extract_lane(f32x4.mul(e, share), 0);
      store<f32>(out + (i << 2), (p - everywhere) * factor);
    }
    const at = out + (id << 2);
    store<f32>(at, load<f32>(at) - <f32>(1 - s) * factor);
  }
}

// aᵇ of float32 as 2^(b·log₂ a) in float64, two lanes at a time: an error of log₂ a grows with b.

import { high, low } from "./simd";

// Constants lie in memory, since that is where a vector of equal ones comes from at once. The highest power of
// a polynomial comes first.
const LOG2 = memory.data<f64>([1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1, 2.8853900817779268]);
const EXP2 = memory.data<f64>([1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1]);
/** Bounds, 1.5·2⁵², ln 2, ½, ±Infinity. */
const PARTS = memory.data<f64>([1000, -1000, 6755399441055744, 0.6931471805599453, 0.5, Infinity, -Infinity]);
/** From the bits of √½ to those of 1, the exponent of 2⁰, the sign. */
const WHOLE = memory.data<i64>([0x3ff0000000000000 - 0x3fe6a09e667f3bcd, 1023, i64.MIN_VALUE]);

// @ts-expect-error: decorator
@inline
function c(table: usize, k: usize): v128 {
  return v128.load64_splat(table + (k << 3));
}

/** The next power of a polynomial: p·x and its coefficient. */
// @ts-expect-error: decorator
@inline
function term(p: v128, x: v128, table: usize, k: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), c(table, k));
}

/** log₂ of a ≥ 0, a = m·2ᵉ, m from √½ to √2: e + 2/ln 2 · artanh s with s = (m − 1) / (m + 1). */
// @ts-expect-error: decorator
@inline
export function log2(a: v128): v128 {
  const n = i64x2.sub(i64x2.shr_u(i64x2.add(a, c(WHOLE, 0)), 52), c(WHOLE, 1));
  const m = i64x2.sub(a, i64x2.shl(n, 52));
  const e = f64x2.convert_low_i32x4_s(i8x16.shuffle(n, n, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
  const one = c(LOG2, 6);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const t = f64x2.mul(s, s);
  let p = c(LOG2, 0);
  p = term(p, t, LOG2, 1);
  p = term(p, t, LOG2, 2);
  p = term(p, t, LOG2, 3);
  p = term(p, t, LOG2, 4);
  p = term(p, t, LOG2, 5);
  p = term(p, t, LOG2, 6);
  const y = f64x2.add(e, f64x2.mul(f64x2.mul(p, s), c(LOG2, 7)));
  // Infinity and NaN are their own logarithms.
  const proper = v128.bitselect(y, a, f64x2.lt(a, c(PARTS, 5)));
  return v128.bitselect(c(PARTS, 6), proper, f64x2.eq(a, f64x2.splat(0)));
}

/** 2ᵗ = 2ⁿ·eʳ with t = n + r / ln 2; what float32 cannot hold may be anything as large or small. */
// @ts-expect-error: decorator
@inline
function exp2(t: v128): v128 {
  const bounded = f64x2.pmax(f64x2.pmin(t, c(PARTS, 0)), c(PARTS, 1));
  // 1.5·2⁵² added to a number makes it whole; that then stands in the lowest bits.
  const lift = c(PARTS, 2);
  const lifted = f64x2.add(bounded, lift);
  const r = f64x2.mul(f64x2.sub(bounded, f64x2.sub(lifted, lift)), c(PARTS, 3));
  let p = c(EXP2, 0);
  p = term(p, r, EXP2, 1);
  p = term(p, r, EXP2, 2);
  p = term(p, r, EXP2, 3);
  p = term(p, r, EXP2, 4);
  p = term(p, r, EXP2, 5);
  p = term(p, r, EXP2, 6);
  p = term(p, r, EXP2, 7);
  p = term(p, r, EXP2, 8);
  return f64x2.mul(p, i64x2.shl(i64x2.add(lifted, c(WHOLE, 1)), 52));
}

/** JavaScript's `**` in its special cases: NaN⁰ = 1, and 1 to a power of ±Infinity is NaN. */
// @ts-expect-error: decorator
@inline
function pow2(a: v128, b: v128): v128 {
  let y = exp2(f64x2.mul(b, log2(f64x2.abs(a))));
  const half = f64x2.mul(b, c(PARTS, 4));
  const whole = f64x2.eq(f64x2.nearest(b), b);
  const odd = v128.andnot(whole, f64x2.eq(f64x2.nearest(half), half));
  const sign = v128.and(a, c(WHOLE, 2));
  y = v128.xor(y, v128.and(sign, odd));
  const zero = f64x2.splat(0);
  const finite = v128.and(f64x2.lt(a, zero), f64x2.gt(a, c(PARTS, 6)));
  y = v128.or(y, v128.andnot(finite, whole));
  return v128.bitselect(c(LOG2, 6), y, f64x2.eq(b, zero));
}

export function pow4(a: v128, b: v128): v128 {
  const first = f32x4.demote_f64x2_zero(pow2(low(a), low(b)));
  const second = f32x4.demote_f64x2_zero(pow2(high(a), high(b)));
  return i8x16.shuffle(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

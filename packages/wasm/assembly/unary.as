// Float32 functions of one input, and conversions between the dtypes.

import { high, low } from "./simd";

const RELU: i32 = 0;
const NEG: i32 = 1;
const SQUARE: i32 = 2;
const ABS: i32 = 3;
const SQRT: i32 = 4;
const RECIPROCAL: i32 = 5;
const RSQRT: i32 = 6;
const SIGN: i32 = 7;

// @ts-expect-error: decorator
@inline
function vector(op: i32, x: v128): v128 {
  // NaN is not <= 0 and stays, −0 is and becomes 0; a maximum by that rule takes the hardware longer.
  if (op === RELU) return v128.andnot(x, f32x4.le(x, f32x4.splat(0)));
  if (op === NEG) return f32x4.neg(x);
  if (op === SQUARE) return f32x4.mul(x, x);
  if (op === ABS) return f32x4.abs(x);
  if (op === SQRT) return f32x4.sqrt(x);
  if (op === RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (op === RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  // NaN and zeros are their own signs.
  const one = v128.or(v128.and(x, i32x4.splat(i32.MIN_VALUE)), f32x4.splat(1));
  return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
}

// @ts-expect-error: decorator
@inline
function map(op: i32, out: usize, x: usize, n: i32): void {
  const end = out + ((n & ~3) << 2);
  const stop = out + (n << 2);
  while (out < end) {
    v128.store(out, vector(op, v128.load(x)));
    out += 16;
    x += 16;
  }
  while (out < stop) {
    store<f32>(out, f32x4.extract_lane(vector(op, v128.load32_splat(x)), 0));
    out += 4;
    x += 4;
  }
}

export function relu(out: usize, x: usize, n: i32): void {
  map(RELU, out, x, n);
}
export function neg(out: usize, x: usize, n: i32): void {
  map(NEG, out, x, n);
}
export function square(out: usize, x: usize, n: i32): void {
  map(SQUARE, out, x, n);
}
export function abs(out: usize, x: usize, n: i32): void {
  map(ABS, out, x, n);
}
export function sqrt(out: usize, x: usize, n: i32): void {
  map(SQRT, out, x, n);
}
export function reciprocal(out: usize, x: usize, n: i32): void {
  map(RECIPROCAL, out, x, n);
}
export function rsqrt(out: usize, x: usize, n: i32): void {
  map(RSQRT, out, x, n);
}
export function sign(out: usize, x: usize, n: i32): void {
  map(SIGN, out, x, n);
}

/** Float32 to float64. */
export function promote(out: usize, x: usize, n: i32): void {
  const end = x + ((n & ~3) << 2);
  const stop = x + (n << 2);
  while (x < end) {
    const v = v128.load(x);
    v128.store(out, low(v));
    v128.store(out, high(v), 16);
    out += 32;
    x += 16;
  }
  while (x < stop) {
    store<f64>(out, <f64>load<f32>(x));
    out += 8;
    x += 4;
  }
}

/** Float64 to float32. */
export function demote(out: usize, x: usize, n: i32): void {
  const stop = out + (n << 2);
  while (out < stop) {
    store<f32>(out, <f32>load<f64>(x));
    out += 4;
    x += 8;
  }
}

/** Bytes of 0. */
export function clear(out: usize, bytes: usize): void {
  memory.fill(out, 0, bytes);
}

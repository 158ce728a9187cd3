// Float32 exp, log, tanh, sigmoid and erf, to three units in the last place. Polynomials are minimax fits of
// what the formula beside them leaves, highest power first. Constants lie in memory, since that is where a
// vector of equal ones comes from at once; 1 is also 127·2²³, the exponent of 2⁰.

/** Of eˣ: bounds, 1/ln 2, 1.5·2²³, ln 2 in two parts, the first exact when multiplied. */
const EXP_BOUNDS = memory.data<f32>([89, -104, 1.44269504, 12582912, 0.693359375, -2.12194440e-4]);
const EXP = memory.data<f32>([1.3950724e-3, 8.3690248e-3, 4.1666202e-2, 1.6666518e-1, 0.5, 1]);
/** Of ln x: the smallest normal number, 2²³, ln 2 in two parts; whole numbers: the bits of √½ and 23. */
const LOG_PARTS = memory.data<f32>([1.17549435e-38, 8388608, 0.693359375, -2.12194440e-4, Infinity, -Infinity]);
const LOG_WHOLE = memory.data<i32>([0x3f3504f3, 23]);
const LOG = memory.data<f32>([
  6.7466013e-2, -1.1675641e-1, 1.1888175e-1, -1.2405591e-1, 1.4219551e-1, -1.6667996e-1, 2.0002119e-1,
  -2.5000009e-1, 3.3333313e-1, 0.5, 1,
]);
/** The last: where the formula changes. */
const TANH = memory.data<f32>([-5.7049785e-3, 2.0639079e-2, -5.3739712e-2, 1.3331442e-1, -3.3333281e-1, 1, 0.625]);
const ERF = memory.data<f32>([
  7.8538576e-5, -8.0101925e-4, 5.1883277e-3, -2.6853811e-2, 1.1283585e-1, -3.7612626e-1, 1.2837917e-1, 1,
]);
/** The last: from where on float32 knows only 1. */
const ERF_FAR = memory.data<f32>([
  1.8638006e-4, -2.9476664e-3, 2.1838095e-2, -1.0310681e-1, -6.3814473e-1, -1.1270893, -3.4151296e-4, 3.95,
]);

// @ts-expect-error: decorator
@inline
function c(table: usize, k: usize): v128 {
  return v128.load32_splat(table + (k << 2));
}

/** The next power of a polynomial: p·x and its coefficient. */
// @ts-expect-error: decorator
@inline
function term(p: v128, x: v128, table: usize, k: usize): v128 {
  return f32x4.add(f32x4.mul(p, x), c(table, k));
}

/** a with the sign of x. */
// @ts-expect-error: decorator
@inline
function signed(a: v128, x: v128): v128 {
  return v128.or(a, i32x4.shl(i32x4.shr_u(x, 31), 31));
}

/** eˣ = 2ⁿ·eʳ with x = n·ln 2 + r and eʳ = 1 + r + r²·P(r). */
// @ts-expect-error: decorator
@inline
export function exp4(x: v128): v128 {
  // e⁸⁹ overflows, e⁻¹⁰⁴ is 0; as a second operand the bound loses to NaN.
  const bounded = f32x4.pmax(f32x4.pmin(x, c(EXP_BOUNDS, 0)), c(EXP_BOUNDS, 1));
  // 1.5·2²³ added to a number makes it whole; it is then the difference of their bits.
  const lift = c(EXP_BOUNDS, 3);
  const lifted = f32x4.add(f32x4.mul(bounded, c(EXP_BOUNDS, 2)), lift);
  const whole = f32x4.sub(lifted, lift);
  const high = f32x4.sub(bounded, f32x4.mul(whole, c(EXP_BOUNDS, 4)));
  const r = f32x4.sub(high, f32x4.mul(whole, c(EXP_BOUNDS, 5)));
  let p = c(EXP, 0);
  p = term(p, r, EXP, 1);
  p = term(p, r, EXP, 2);
  p = term(p, r, EXP, 3);
  p = term(p, r, EXP, 4);
  const one = c(EXP, 5);
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), one);
  // In two steps, since 2ⁿ itself may be out of range where the result is not.
  const n = i32x4.sub(lifted, lift);
  const half = i32x4.shr_s(n, 1);
  const first = i32x4.add(i32x4.shl(half, 23), one);
  const second = i32x4.add(i32x4.shl(i32x4.sub(n, half), 23), one);
  return f32x4.mul(f32x4.mul(p, first), second);
}

/** ln x = e·ln 2 + ln m with x = m·2ᵉ, m from √½ to √2, f = m − 1 and ln m = f − f²/2 + f³·P(f). */
// @ts-expect-error: decorator
@inline
function log4(x: v128): v128 {
  const small = f32x4.lt(x, c(LOG_PARTS, 0));
  const bits = v128.bitselect(f32x4.mul(x, c(LOG_PARTS, 1)), x, small);
  const n = i32x4.shr_s(i32x4.sub(bits, c(LOG_WHOLE, 0)), 23);
  const f = f32x4.sub(i32x4.sub(bits, i32x4.shl(n, 23)), c(LOG, 10));
  const e = f32x4.convert_i32x4_s(i32x4.sub(n, v128.and(small, c(LOG_WHOLE, 1))));
  let p = c(LOG, 0);
  p = term(p, f, LOG, 1);
  p = term(p, f, LOG, 2);
  p = term(p, f, LOG, 3);
  p = term(p, f, LOG, 4);
  p = term(p, f, LOG, 5);
  p = term(p, f, LOG, 6);
  p = term(p, f, LOG, 7);
  p = term(p, f, LOG, 8);
  const squared = f32x4.mul(f, f);
  let y = f32x4.mul(p, f32x4.mul(squared, f));
  y = f32x4.add(y, f32x4.mul(e, c(LOG_PARTS, 3)));
  y = f32x4.sub(y, f32x4.mul(squared, c(LOG, 9)));
  y = f32x4.add(f32x4.add(f, y), f32x4.mul(e, c(LOG_PARTS, 2)));
  // Infinity and NaN stay, 0 gives −Infinity, what is below NaN.
  const zero = f32x4.splat(0);
  y = v128.bitselect(y, x, f32x4.lt(x, c(LOG_PARTS, 4)));
  y = v128.bitselect(c(LOG_PARTS, 5), y, f32x4.eq(x, zero));
  return v128.or(y, f32x4.lt(x, zero));
}

/** x + x³·P(x²) near 0, beyond ±(1 − 2 / (e^2|x| + 1)). */
// @ts-expect-error: decorator
@inline
function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = c(TANH, 0);
  p = term(p, s, TANH, 1);
  p = term(p, s, TANH, 2);
  p = term(p, s, TANH, 3);
  p = term(p, s, TANH, 4);
  const near = f32x4.add(x, f32x4.mul(f32x4.mul(p, s), x));
  const one = c(TANH, 5);
  const part = f32x4.div(one, f32x4.add(exp4(f32x4.add(a, a)), one));
  const far = f32x4.sub(one, f32x4.add(part, part));
  return signed(v128.bitselect(near, far, f32x4.lt(a, c(TANH, 6))), x);
}

/** 1 / (1 + e⁻ˣ), below 0 as eˣ / (1 + eˣ). */
// @ts-expect-error: decorator
@inline
function sigmoid4(x: v128): v128 {
  const one = c(EXP, 5);
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const top = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(top, f32x4.add(e, one));
}

/** x + x·P(x²) near 0, beyond ±(1 − e^Q(|x|)). */
// @ts-expect-error: decorator
@inline
function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = c(ERF, 0);
  p = term(p, s, ERF, 1);
  p = term(p, s, ERF, 2);
  p = term(p, s, ERF, 3);
  p = term(p, s, ERF, 4);
  p = term(p, s, ERF, 5);
  p = term(p, s, ERF, 6);
  const near = f32x4.add(x, f32x4.mul(p, x));
  const b = f32x4.pmin(a, c(ERF_FAR, 7));
  let q = c(ERF_FAR, 0);
  q = term(q, b, ERF_FAR, 1);
  q = term(q, b, ERF_FAR, 2);
  q = term(q, b, ERF_FAR, 3);
  q = term(q, b, ERF_FAR, 4);
  q = term(q, b, ERF_FAR, 5);
  q = term(q, b, ERF_FAR, 6);
  const one = c(ERF, 7);
  const far = f32x4.sub(one, exp4(q));
  return signed(v128.bitselect(near, far, f32x4.lt(a, one)), x);
}

const OF_EXP: i32 = 0;
const OF_LOG: i32 = 1;
const OF_TANH: i32 = 2;
const OF_SIGMOID: i32 = 3;
const OF_ERF: i32 = 4;

// @ts-expect-error: decorator
@inline
function vector(op: i32, x: v128): v128 {
  if (op === OF_EXP) return exp4(x);
  if (op === OF_LOG) return log4(x);
  if (op === OF_TANH) return tanh4(x);
  if (op === OF_SIGMOID) return sigmoid4(x);
  return erf4(x);
}

// @ts-expect-error: decorator
@inline
function map(op: i32, out: usize, x: usize, n: i32): void {
  const end = out + ((n & ~7) << 2);
  const stop = out + (n << 2);
  // Two at a time: neither has to wait for the other.
  while (out < end) {
    v128.store(out, vector(op, v128.load(x)));
    v128.store(out, vector(op, v128.load(x, 16)), 16);
    out += 32;
    x += 32;
  }
  while (out < stop) {
    store<f32>(out, f32x4.extract_lane(vector(op, v128.load32_splat(x)), 0));
    out += 4;
    x += 4;
  }
}

export function exp(out: usize, x: usize, n: i32): void {
  map(OF_EXP, out, x, n);
}
export function log(out: usize, x: usize, n: i32): void {
  map(OF_LOG, out, x, n);
}
export function tanh(out: usize, x: usize, n: i32): void {
  map(OF_TANH, out, x, n);
}
export function sigmoid(out: usize, x: usize, n: i32): void {
  map(OF_SIGMOID, out, x, n);
}
export function erf(out: usize, x: usize, n: i32): void {
  map(OF_ERF, out, x, n);
}

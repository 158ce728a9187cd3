// Elementwise float32 over rows: an array of [n0, n1, n], each input read by its own three steps (0 where it
// repeats). The last step is 1 or 0.

import { pow4 } from "./pow";

const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const GATE: i32 = 4;
const MAXIMUM: i32 = 5;
const MINIMUM: i32 = 6;
const LESS: i32 = 7;
const GREATER: i32 = 8;
const EQUAL: i32 = 9;
const POW: i32 = 10;

// @ts-expect-error: decorator
@inline
function vector(op: i32, a: v128, b: v128): v128 {
  if (op === ADD) return f32x4.add(a, b);
  if (op === SUB) return f32x4.sub(a, b);
  if (op === MUL) return f32x4.mul(a, b);
  if (op === DIV) return f32x4.div(a, b);
  if (op === GATE) return v128.and(a, f32x4.gt(b, f32x4.splat(0)));
  // a where it is NaN: exactly the plain kernel's rule.
  if (op === MAXIMUM) return v128.bitselect(a, b, v128.or(f32x4.gt(a, b), f32x4.ne(a, a)));
  if (op === MINIMUM) return v128.bitselect(a, b, v128.or(f32x4.lt(a, b), f32x4.ne(a, a)));
  if (op === LESS) return v128.and(f32x4.splat(1), f32x4.lt(a, b));
  if (op === GREATER) return v128.and(f32x4.splat(1), f32x4.gt(a, b));
  if (op === EQUAL) return v128.and(f32x4.splat(1), f32x4.eq(a, b));
  return pow4(a, b);
}

// @ts-expect-error: decorator
@inline
function scalar(op: i32, a: f32, b: f32): f32 {
  if (op === ADD) return a + b;
  if (op === SUB) return a - b;
  if (op === MUL) return a * b;
  if (op === DIV) return a / b;
  if (op === GATE) return b > 0 ? a : 0;
  return f32x4.extract_lane(vector(op, f32x4.splat(a), f32x4.splat(b)), 0);
}

// @ts-expect-error: decorator
@inline
function row(op: i32, out: usize, a: usize, b: usize, n: i32, stepA: i32, stepB: i32): void {
  const end = out + ((n & ~3) << 2);
  const stop = out + (n << 2);
  const va = v128.load32_splat(a);
  const vb = v128.load32_splat(b);
  while (out < end) {
    v128.store(out, vector(op, stepA ? v128.load(a) : va, stepB ? v128.load(b) : vb));
    out += 16;
    if (stepA) a += 16;
    if (stepB) b += 16;
  }
  while (out < stop) {
    store<f32>(out, scalar(op, load<f32>(a), load<f32>(b)));
    out += 4;
    if (stepA) a += 4;
    if (stepB) b += 4;
  }
}

// One function per op, so that the choice is made outside the loops.
// @ts-expect-error: decorator
@inline
function rows(
  op: i32, out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      const pa = a + ((i * a0 + j * a1) << 2);
      const pb = b + ((i * b0 + j * b1) << 2);
      if (!a2) row(op, out, pa, pb, n, 0, 1);
      else if (!b2) row(op, out, pa, pb, n, 1, 0);
      else row(op, out, pa, pb, n, 1, 1);
      out += n << 2;
    }
  }
}

export function add(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(ADD, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function sub(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(SUB, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function mul(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(MUL, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function div(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(DIV, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function gate(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(GATE, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function maximum(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(MAXIMUM, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function minimum(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(MINIMUM, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function less(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(LESS, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function greater(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(GREATER, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function equal(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(EQUAL, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}
export function pow(
  out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  rows(POW, out, a, b, n0, n1, n, a0, a1, a2, b0, b1, b2);
}

/** a where c is not 0, else b. */
export function where(
  out: usize, c: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  c0: i32, c1: i32, c2: i32, a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  const zero = f32x4.splat(0);
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      let pc = c + ((i * c0 + j * c1) << 2);
      let pa = a + ((i * a0 + j * a1) << 2);
      let pb = b + ((i * b0 + j * b1) << 2);
      const end = out + ((n & ~3) << 2);
      const stop = out + (n << 2);
      while (out < end) {
        const vc = c2 ? v128.load(pc) : v128.load32_splat(pc);
        const va = a2 ? v128.load(pa) : v128.load32_splat(pa);
        const vb = b2 ? v128.load(pb) : v128.load32_splat(pb);
        v128.store(out, v128.bitselect(va, vb, f32x4.ne(vc, zero)));
        out += 16;
        pc += c2 << 4;
        pa += a2 << 4;
        pb += b2 << 4;
      }
      while (out < stop) {
        store<f32>(out, load<f32>(pc) !== 0 ? load<f32>(pa) : load<f32>(pb));
        out += 4;
        pc += c2 << 2;
        pa += a2 << 2;
        pb += b2 << 2;
      }
    }
  }
}

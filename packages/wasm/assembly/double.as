// Float64, for statistics and the rules of norms: small arrays, so one element at a time, in the plain kernels'
// order of operations and to their last bit. Rows and steps as in elementwise.ts and reduce.ts.

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

// @ts-expect-error: decorator
@inline
function scalar(op: i32, a: f64, b: f64): f64 {
  if (op === ADD) return a + b;
  if (op === SUB) return a - b;
  if (op === MUL) return a * b;
  if (op === DIV) return a / b;
  if (op === GATE) return b > 0 ? a : 0;
  if (op === MAXIMUM) return a > b || a !== a ? a : b;
  if (op === MINIMUM) return a < b || a !== a ? a : b;
  if (op === LESS) return a < b ? 1 : 0;
  if (op === GREATER) return a > b ? 1 : 0;
  return a === b ? 1 : 0;
}

// @ts-expect-error: decorator
@inline
function row(op: i32, out: usize, a: usize, b: usize, n: i32, stepA: i32, stepB: i32): void {
  const stop = out + (n << 3);
  const da: usize = stepA << 3;
  const db: usize = stepB << 3;
  while (out < stop) {
    store<f64>(out, scalar(op, load<f64>(a), load<f64>(b)));
    out += 8;
    a += da;
    b += db;
  }
}

/** a op b. */
export function zip64(
  op: i32, out: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      const pa = a + ((i * a0 + j * a1) << 3);
      const pb = b + ((i * b0 + j * b1) << 3);
      if (op === ADD) row(ADD, out, pa, pb, n, a2, b2);
      else if (op === SUB) row(SUB, out, pa, pb, n, a2, b2);
      else if (op === MUL) row(MUL, out, pa, pb, n, a2, b2);
      else if (op === DIV) row(DIV, out, pa, pb, n, a2, b2);
      else row(op, out, pa, pb, n, a2, b2);
      out += n << 3;
    }
  }
}

/** a where c is not 0, else b. */
export function where64(
  out: usize, c: usize, a: usize, b: usize, n0: i32, n1: i32, n: i32,
  c0: i32, c1: i32, c2: i32, a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
): void {
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n; k++, out += 8) {
        const chosen = load<f64>(c + ((i * c0 + j * c1 + k * c2) << 3)) !== 0;
        const from = chosen ? a + ((i * a0 + j * a1 + k * a2) << 3) : b + ((i * b0 + j * b1 + k * b2) << 3);
        store<f64>(out, load<f64>(from));
      }
    }
  }
}

/** −x, x², √x, 1/x, 1/√x, max(x, 0), |x|, the sign. */
export function map64(op: i32, out: usize, x: usize, n: i32): void {
  const stop = out + (n << 3);
  while (out < stop) {
    const v = load<f64>(x);
    if (op === 0) store<f64>(out, -v);
    else if (op === 1) store<f64>(out, v * v);
    else if (op === 2) store<f64>(out, sqrt<f64>(v));
    else if (op === 3) store<f64>(out, 1 / v);
    else if (op === 4) store<f64>(out, 1 / sqrt<f64>(v));
    else if (op === 5) store<f64>(out, v > 0 || v !== v ? v : 0);
    else if (op === 6) store<f64>(out, abs<f64>(v));
    else store<f64>(out, v > 0 ? 1 : v < 0 ? -1 : v);
    out += 8;
    x += 8;
  }
}

/** Four sums side by side. */
function sumOfRun(x: usize, n: i32): f64 {
  const stop = x + (n << 3);
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  while (x + 32 <= stop) {
    s0 += load<f64>(x);
    s1 += load<f64>(x, 8);
    s2 += load<f64>(x, 16);
    s3 += load<f64>(x, 24);
    x += 32;
  }
  while (x < stop) {
    s0 += load<f64>(x);
    x += 8;
  }
  return s0 + s1 + (s2 + s3);
}

/** [outer, over, kept, run] to [outer, kept]. */
export function sum64(out: usize, x: usize, outer: i32, over: i32, kept: i32, run: i32): void {
  memory.fill(out, 0, (outer * kept) << 3);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < over; r++) {
      for (let k = 0; k < kept; k++) {
        const at = out + (k << 3);
        store<f64>(at, load<f64>(at) + sumOfRun(x, run));
        x += run << 3;
      }
    }
    out += kept << 3;
  }
}

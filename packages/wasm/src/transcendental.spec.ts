import {
  cpu,
  defineUnary,
  exp,
  log,
  pow,
  sigmoid,
  type Tensor,
  tanh,
  tensor,
  useBackend,
  type Value,
} from "@evenkeel/autodiff";
import { tolerances } from "@evenkeel/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms have one sign. */
function erfOf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; n < 150; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}
// Kernels are looked up by the op's name: nn's erf is this one.
const erfOp = defineUnary("erf", erfOf, () => null);
const erf = (x: Value): Tensor => erfOp([x], undefined);

const one = new Float32Array(1);
const bits = new Int32Array(one.buffer);

/** Float32 numbers in order of their bits, `step` apart, and the neighbours of both ends. */
function sweep(step: number): Float32Array {
  const last = 0x7f800000;
  const patterns = Array.from({ length: Math.ceil(last / step) }, (_, i) => i * step);
  const half = Int32Array.from([...patterns, 1, 0x7fffff, 0x800000, last - 1, last]);
  const all = new Int32Array(2 * half.length);
  all.set(half);
  all.set(
    half.map((p) => p | 0x80000000),
    half.length,
  );
  return new Float32Array(all.buffer);
}

/** The distance of float32 numbers about v. */
function unitAt(v: number): number {
  one[0] = v;
  const exponent = Math.max((bits[0]! >>> 23) & 255, 1);
  return 2 ** (Math.min(exponent, 254) - 150);
}

/** Errors in units in the last place; what should be infinite, NaN or zero has to be that. */
function worstUnits(got: Tensor, expected: (i: number) => number): number {
  let worst = 0;
  const { data } = got;
  for (let i = 0; i < data.length; i++) {
    const e = expected(i);
    const f = Math.fround(e);
    if (Object.is(data[i], f) || (data[i] === f && f === 0)) continue;
    // Beyond the largest float32 both that and Infinity are as near as it gets.
    const g = Math.abs(data[i]!) === Infinity ? Math.sign(data[i]!) * 2 ** 128 : data[i]!;
    const error = Math.abs(g - e) / unitAt(e);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }
  return worst;
}

const functions: readonly (readonly [string, (x: Value) => Tensor, (x: number) => number])[] = [
  ["exp", exp, Math.exp],
  ["log", log, Math.log],
  ["tanh", tanh, Math.tanh],
  ["sigmoid", sigmoid, (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))],
  ["erf", erf, erfOf],
];

describe("functions in float32 over its whole range", () => {
  const xs = sweep(4099);
  for (const [name, op, exact] of functions) {
    test(`${name} is within ${tolerances.units} units in the last place`, () => {
      expect(worstUnits(op(tensor(xs)), (i) => exact(xs[i]!))).toBeLessThan(tolerances.units);
      expect([...backend.fallbacks]).toEqual([]);
    });
  }

  test(`pow is within ${tolerances.units} units, and NaN, 0 or infinite where ** is`, () => {
    const bases = Float32Array.of(...sweep(2_000_003), 1, -1, 2, -2, 0.999, 1.001, Number.NaN);
    const whole = [0, -0, 1, -1, 2, 3, -3, 4, 127, -126, 1e30];
    const rest = [0.5, -0.5, 1 / 3, 7.25, -0.001, 88.8, 1e-30, Number.NaN, Infinity, -Infinity];
    const exponents = Float32Array.of(...whole, ...rest);
    const n = exponents.length;
    const y = pow(tensor(bases, { shape: [bases.length, 1] }), tensor(exponents));
    const exact = (i: number): number => bases[Math.floor(i / n)]! ** exponents[i % n]!;
    expect(worstUnits(y, exact)).toBeLessThan(tolerances.units);
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("what is odd keeps the sign of zero", () => {
    for (const op of [tanh, erf]) expect(op(tensor([-0])).item()).toBe(-0);
    expect([...pow(tensor([-0, -0]), tensor([3, -3])).data]).toEqual([-0, -Infinity]);
  });
});

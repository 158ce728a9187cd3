import { checkDType, type DType } from "../dtype.ts";
import { defineOp, type Op, type OpSpec } from "../op.ts";
import { broadcastShapes } from "../shape.ts";
import type { Tensor, Value } from "../tensor.ts";
import { addLoop, gateLoop, type Loop, mapKernel, mulLoop, subLoop, zipKernel } from "./kernels.ts";

type Unary = (x: Value) => Tensor;
type Binary = (a: Value, b: Value) => Tensor;

/** An elementwise op of one input from its scalar rule and its derivative. */
export function defineUnary(
  name: string,
  scalar: (x: number) => number,
  derivative: (g: Tensor, y: Tensor, x: Tensor) => Tensor | null,
): Op<void> {
  return defineOp<void>({
    name,
    scalar,
    shape: ([x]) => x!,
    kernel: mapKernel(scalar),
    vjp: (g, y, [x]) => [derivative(g, y, x!)],
  });
}

/** An elementwise op of two inputs with broadcasting, from its scalar rule and its derivatives. */
export function defineBinary(
  name: string,
  scalar: (a: number, b: number) => number,
  vjp: OpSpec<void>["vjp"],
  float32?: Loop,
): Op<void> {
  return defineOp<void>({
    name,
    scalar,
    shape: ([a, b]) => broadcastShapes(name, a!, b!),
    kernel: zipKernel(scalar, float32),
    vjp,
  });
}

// The core's own ops are plain functions: `mul(x, 2)`, not `mul([x, 2])`.
const unary = (...rule: Parameters<typeof defineUnary>): Unary => {
  const op = defineUnary(...rule);
  return (x) => op([x]);
};
const binary = (...rule: Parameters<typeof defineBinary>): Binary => {
  const op = defineBinary(...rule);
  return (a, b) => op([a, b]);
};
const none: OpSpec<void>["vjp"] = () => [null, null];

/** a + b, with broadcasting like every op of two inputs. */
export const add: Binary = binary(
  "add",
  (a, b) => a + b,
  (g) => [g, g],
  addLoop,
);
/** a − b. */
export const sub: Binary = binary(
  "sub",
  (a, b) => a - b,
  (g, _y, _ab, _p, needs) => [g, needs[1] ? neg(g) : null],
  subLoop,
);
/** a · b, element by element. */
export const mul: Binary = binary(
  "mul",
  (a, b) => a * b,
  (g, _y, [a, b], _p, needs) => [needs[0] ? mul(g, b!) : null, needs[1] ? mul(g, a!) : null],
  mulLoop,
);
/** a / b. */
export const div: Binary = binary(
  "div",
  (a, b) => a / b,
  (g, y, [, b], _p, needs) => {
    const ga = div(g, b!);
    return [ga, needs[1] ? neg(mul(ga, y)) : null];
  },
);
// d(aᵇ)/da = b aᵇ⁻¹, 0 for b = 0; d(aᵇ)/db = aᵇ ln a, 0 for a = 0. At a = b = 0 the base
// counts as 1, or 0·0⁻¹ would be NaN.
/** aᵇ. */
export const pow: Binary = binary(
  "pow",
  (a, b) => a ** b,
  (g, y, [a, b], _p, needs) => [
    needs[0] ? mul(g, mul(b!, pow(safeBase(a!, b!), sub(b!, 1)))) : null,
    needs[1] ? mul(g, mul(y, log(where(equal(a!, 0), 1, a!)))) : null,
  ],
);
const safeBase = (a: Tensor, b: Tensor): Tensor => where(mul(equal(a, 0), equal(b, 0)), 1, a);
/** The larger of a and b; NaN if a is. Ties share the gradient. */
export const maximum: Binary = binary(
  "maximum",
  (a, b) => (a > b || a !== a ? a : b),
  (g, _y, [a, b]) => divided(g, half(a!, b!)),
);
/** The smaller of a and b; NaN if a is. Ties share the gradient. */
export const minimum: Binary = binary(
  "minimum",
  (a, b) => (a < b || a !== a ? a : b),
  (g, _y, [a, b]) => divided(g, half(b!, a!)),
);
/** 1 where a < b, else 0. No gradient. */
export const less: Binary = binary("less", (a, b) => (a < b ? 1 : 0), none);
/** 1 where a > b, else 0. No gradient. */
export const greater: Binary = binary("greater", (a, b) => (a > b ? 1 : 0), none);
/** 1 where a = b, else 0. No gradient. */
export const equal: Binary = binary("equal", (a, b) => (a === b ? 1 : 0), none);
// x where the gate is positive: what relu and its derivatives of any order are made of.
const gate: Binary = binary(
  "gate",
  (x, by) => (by > 0 ? x : 0),
  (g, _y, [, by]) => [gate(g, by!), null],
  gateLoop,
);

/** The share of a in the larger of the two: 1 or 0, and ½ where they are equal, as in PyTorch. */
function half(a: Tensor, b: Tensor): Tensor {
  return add(greater(a, b), mul(0.5, equal(a, b)));
}
function divided(g: Tensor, share: Tensor): Tensor[] {
  return [mul(g, share), mul(g, sub(1, share))];
}

/** −x. */
export const neg: Unary = unary(
  "neg",
  (x) => -x,
  (g) => neg(g),
);
/** eˣ. */
export const exp: Unary = unary("exp", Math.exp, (g, y) => mul(g, y));
/** Natural logarithm. */
export const log: Unary = unary("log", Math.log, (g, _y, x) => div(g, x));
/** Square root; its gradient at 0 is infinite, as in PyTorch. */
export const sqrt: Unary = unary("sqrt", Math.sqrt, (g, y) => div(mul(g, 0.5), y));
// d x^(−½) = −½ x^(−½) / x
/** 1 / √x. */
export const rsqrt: Unary = unary(
  "rsqrt",
  (x) => 1 / Math.sqrt(x),
  (g, y, x) => mul(mul(-0.5, g), div(y, x)),
);
/** x². */
export const square: Unary = unary(
  "square",
  (x) => x * x,
  (g, _y, x) => mul(mul(2, g), x),
);
/** 1 / x. */
export const reciprocal: Unary = unary(
  "reciprocal",
  (x) => 1 / x,
  (g, y) => neg(mul(g, square(y))),
);
/** Hyperbolic tangent. */
export const tanh: Unary = unary("tanh", Math.tanh, (g, y) => mul(g, sub(1, square(y))));
/** 1 / (1 + e⁻ˣ). */
export const sigmoid: Unary = unary(
  "sigmoid",
  (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  (g, y) => mul(g, mul(y, sub(1, y))),
);
/** max(x, 0); gradient 0 at 0. */
export const relu: Unary = unary(
  "relu",
  (x) => (x > 0 || x !== x ? x : 0),
  (g, _y, x) => gate(g, x),
);
/** |x|; gradient 0 at 0. */
export const abs: Unary = unary("abs", Math.abs, (g, _y, x) => mul(g, sign(x)));
/** −1, 0 or 1. No gradient. */
export const sign: Unary = unary("sign", Math.sign, () => null);

const whereOp = defineOp<void>({
  name: "where",
  scalar: (c, a, b) => (c !== 0 ? a! : b!),
  shape: ([c, a, b]) => broadcastShapes("where", broadcastShapes("where", c!, a!), b!),
  kernel: zipKernel((c, a, b) => (c !== 0 ? a : b)),
  vjp: (g, _y, [c], _p, needs) => [
    null,
    needs[1] ? where(c!, g, 0) : null,
    needs[2] ? where(c!, 0, g) : null,
  ],
});
/** a where the condition is not 0, else b; what is not chosen gets gradient 0, never NaN. */
export function where(condition: Value, a: Value, b: Value): Tensor {
  return whereOp([condition, a, b]);
}

const castOp = defineOp<DType>({
  name: "cast",
  shape: ([x]) => x!,
  dtype: (_, to) => to,
  kernel: (out, [x]) => out.data.set(x!.data),
  vjp: (g, _y, [x]) => [cast(g, x!.dtype)],
});
/** x in another dtype; x itself if it already has it. */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkDType("cast", dtype);
  return x.dtype === dtype ? x : castOp([x], dtype);
}

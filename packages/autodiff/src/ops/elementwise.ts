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

const none: OpSpec<void>["vjp"] = () => [null, null];

const addOp = defineBinary(
  "add",
  (a, b) => a + b,
  (g) => [g, g],
  addLoop,
);
const subOp = defineBinary(
  "sub",
  (a, b) => a - b,
  (g, _y, _ab, _p, needs) => [g, needs[1] ? neg(g) : null],
  subLoop,
);
const mulOp = defineBinary(
  "mul",
  (a, b) => a * b,
  (g, _y, [a, b], _p, needs) => [needs[0] ? mul(g, b!) : null, needs[1] ? mul(g, a!) : null],
  mulLoop,
);
const divOp = defineBinary(
  "div",
  (a, b) => a / b,
  (g, y, [, b], _p, needs) => {
    const ga = div(g, b!);
    return [ga, needs[1] ? neg(mul(ga, y)) : null];
  },
);
// d(aᵇ)/da = b aᵇ⁻¹, 0 for b = 0; d(aᵇ)/db = aᵇ ln a, 0 for a = 0. At a = b = 0 the base
// counts as 1, or 0·0⁻¹ would be NaN.
const powOp = defineBinary(
  "pow",
  (a, b) => a ** b,
  (g, y, [a, b], _p, needs) => [
    needs[0] ? mul(g, mul(b!, pow(safeBase(a!, b!), sub(b!, 1)))) : null,
    needs[1] ? mul(g, mul(y, log(where(equal(a!, 0), 1, a!)))) : null,
  ],
);
const safeBase = (a: Tensor, b: Tensor): Tensor => where(mul(equal(a, 0), equal(b, 0)), 1, a);
// Where the two are equal each gets half, as in PyTorch.
const maximumOp = defineBinary(
  "maximum",
  (a, b) => (a > b || a !== a ? a : b),
  (g, _y, [a, b]) => {
    const share = half(a!, b!);
    return [mul(g, share), mul(g, sub(1, share))];
  },
);
const minimumOp = defineBinary(
  "minimum",
  (a, b) => (a < b || a !== a ? a : b),
  (g, _y, [a, b]) => {
    const share = half(b!, a!);
    return [mul(g, share), mul(g, sub(1, share))];
  },
);
const lessOp = defineBinary("less", (a, b) => (a < b ? 1 : 0), none);
const greaterOp = defineBinary("greater", (a, b) => (a > b ? 1 : 0), none);
const equalOp = defineBinary("equal", (a, b) => (a === b ? 1 : 0), none);
// x where the gate is positive: what relu and its derivatives of any order are made of.
const gateOp = defineBinary(
  "gate",
  (x, by) => (by > 0 ? x : 0),
  (g, _y, [, by]) => [gate(g, by!), null],
  gateLoop,
);

/** 1 where a > b, ½ where equal, else 0. */
function half(a: Tensor, b: Tensor): Tensor {
  return add(greater(a, b), mul(0.5, equal(a, b)));
}

/** a + b, with broadcasting like every op of two inputs. */
export const add: Binary = (a, b) => addOp([a, b]);
/** a − b. */
export const sub: Binary = (a, b) => subOp([a, b]);
/** a · b, element by element. */
export const mul: Binary = (a, b) => mulOp([a, b]);
/** a / b. */
export const div: Binary = (a, b) => divOp([a, b]);
/** aᵇ. */
export const pow: Binary = (a, b) => powOp([a, b]);
/** The larger of a and b; NaN if a is. Ties share the gradient. */
export const maximum: Binary = (a, b) => maximumOp([a, b]);
/** The smaller of a and b; NaN if a is. Ties share the gradient. */
export const minimum: Binary = (a, b) => minimumOp([a, b]);
/** 1 where a < b, else 0. No gradient. */
export const less: Binary = (a, b) => lessOp([a, b]);
/** 1 where a > b, else 0. No gradient. */
export const greater: Binary = (a, b) => greaterOp([a, b]);
/** 1 where a = b, else 0. No gradient. */
export const equal: Binary = (a, b) => equalOp([a, b]);
const gate: Binary = (x, by) => gateOp([x, by]);

const negOp = defineUnary(
  "neg",
  (x) => -x,
  (g) => neg(g),
);
const expOp = defineUnary("exp", Math.exp, (g, y) => mul(g, y));
const logOp = defineUnary("log", Math.log, (g, _y, x) => div(g, x));
const sqrtOp = defineUnary("sqrt", Math.sqrt, (g, y) => div(mul(g, 0.5), y));
// d x^(−½) = −½ x^(−½) / x
const rsqrtOp = defineUnary(
  "rsqrt",
  (x) => 1 / Math.sqrt(x),
  (g, y, x) => mul(g, mul(-0.5, div(y, x))),
);
const squareOp = defineUnary(
  "square",
  (x) => x * x,
  (g, _y, x) => mul(g, mul(2, x)),
);
const reciprocalOp = defineUnary(
  "reciprocal",
  (x) => 1 / x,
  (g, y) => neg(mul(g, square(y))),
);
const tanhOp = defineUnary("tanh", Math.tanh, (g, y) => mul(g, sub(1, square(y))));
const sigmoidOp = defineUnary(
  "sigmoid",
  (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  (g, y) => mul(g, mul(y, sub(1, y))),
);
const reluOp = defineUnary(
  "relu",
  (x) => (x > 0 || x !== x ? x : 0),
  (g, _y, x) => gate(g, x),
);
const absOp = defineUnary("abs", Math.abs, (g, _y, x) => mul(g, sign(x)));
const signOp = defineUnary("sign", Math.sign, () => null);

/** −x. */
export const neg: Unary = (x) => negOp([x]);
/** eˣ. */
export const exp: Unary = (x) => expOp([x]);
/** Natural logarithm. */
export const log: Unary = (x) => logOp([x]);
/** Square root; its gradient at 0 is infinite, as in PyTorch. */
export const sqrt: Unary = (x) => sqrtOp([x]);
/** 1 / √x. */
export const rsqrt: Unary = (x) => rsqrtOp([x]);
/** x². */
export const square: Unary = (x) => squareOp([x]);
/** 1 / x. */
export const reciprocal: Unary = (x) => reciprocalOp([x]);
/** Hyperbolic tangent. */
export const tanh: Unary = (x) => tanhOp([x]);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid: Unary = (x) => sigmoidOp([x]);
/** max(x, 0); gradient 0 at 0. */
export const relu: Unary = (x) => reluOp([x]);
/** |x|; gradient 0 at 0. */
export const abs: Unary = (x) => absOp([x]);
/** −1, 0 or 1. No gradient. */
export const sign: Unary = (x) => signOp([x]);

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

// Reading order: shape, tensor, op, one file of ops, tape, sweep, grad.

export { cpu } from "./backend/cpu.ts";
export { type Backend, currentBackend, type Storage, useBackend } from "./backend.ts";
export { customGrad, type WithGradient } from "./custom-grad.ts";
export type { DType, TypedArray } from "./dtype.ts";
export {
  type ErrorDetail,
  EvenkeelError,
  fail,
  nearest,
  OptionError,
  ReleasedError,
  ShapeError,
  show,
  showShape,
  ValueError,
} from "./error.ts";
export {
  type GradOptions,
  type GradsOf,
  grad,
  type ValueAndGrads,
  valueAndGrad,
  vjp,
} from "./grad.ts";
export { release } from "./memory.ts";
export { defineOp, type Op, type OpSpec } from "./op.ts";
export * from "./ops/elementwise.ts";
export { gather, type Indices, scatterAdd } from "./ops/gather.ts";
export { matmul } from "./ops/matmul.ts";
export { broadcastTo, concat, pad, reshape, slice, transpose } from "./ops/movement.ts";
export { logSoftmax, max, mean, min, type ReduceOptions, softmax, sum } from "./ops/reduce.ts";
export { stopGradient } from "./ops/stop-gradient.ts";
export { type Random, random } from "./random.ts";
export { keep, scope } from "./scope.ts";
export {
  type Axes,
  broadcastShapes,
  checkAxes,
  checkAxis,
  joinAxes,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "./shape.ts";
export { recording } from "./tape.ts";
export {
  arange,
  full,
  type NestedNumbers,
  ones,
  onesLike,
  Tensor,
  tensor,
  type Value,
  zeros,
  zerosLike,
} from "./tensor.ts";
export { leaves, mapTree, type Tree } from "./tree.ts";

import {
  add,
  arange,
  cast,
  currentBackend,
  type DType,
  defineBinary,
  equal,
  greater,
  maximum,
  mean,
  minimum,
  mul,
  reshape,
  rsqrt,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
  where,
} from "@evenkeel/autodiff";
import {
  checkFinite,
  type Layout,
  momentsOfPlanes,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";
import { continueFrom } from "./gradient-row.ts";
import type { MovingAverageBatchNormOptions } from "./options.ts";
import type { Scales } from "./scaled.ts";

type Options = Required<MovingAverageBatchNormOptions>;

/** Which batch this is, in numbers that stay where the state is. */
export interface Turn {
  /** From 1: [1]. */
  readonly iteration: Tensor;
  /** 1 at its row in the buffers, else 0: [bufferSize, 1]. */
  readonly row: Tensor;
  /** Whether averages over batches are in use: [1], 1 or 0. */
  readonly averaged: Tensor;
}

/** a mod b, of whole numbers: half a unit keeps a division that is not exact from missing one. */
const modulo = defineBinary(
  "modulo",
  (a, b) => a - b * Math.floor((a + 0.5) / b),
  () => [null, null],
);

/** The turn of the batch behind this state. */
export function turnOf(
  { iters }: Tensors,
  { bufferSize, warmupIters }: Options,
  dtype: DType,
): Turn {
  const iteration = cast(add(stopGradient(iters!), 1), dtype);
  const at = currentBackend().inProcess
    ? iteration.item() % bufferSize
    : modulo([iteration, bufferSize], undefined);
  const rows = reshape(arange(bufferSize, { dtype }), [bufferSize, 1]);
  return {
    iteration,
    row: equal(rows, at),
    averaged: greater(iteration, Math.max(bufferSize, warmupIters - 1)),
  };
}

/** The statistics of a batch. */
interface Found extends Scales {
  readonly meanSquare: Tensor;
  /** The same, or its average over batches. */
  readonly v: Tensor;
}

/** The statistics by which a batch is normalized, as constants. */
export function forwardOf(
  x: Tensor,
  state: Tensors,
  turn: Turn,
  { eps, rStart, rClip, warmupIters }: Options,
  layout: Layout,
): Found {
  const moments = momentsOfPlanes(stopGradient(x), layout);
  const meanSquare = add(variance(moments), square(moments.mean));
  const v = averaged(state["bufferX2"]!, turn, meanSquare);
  const inverse = rsqrt(add(v, eps));
  const running = add(cast(stopGradient(state["runningVar"]!), v.dtype), eps);
  const ratio = mul(sqrt(add(v, eps)), rsqrt(running));
  const corrected = greater(turn.iteration, Math.max(rStart, warmupIters));
  const r = where(corrected, minimum(maximum(ratio, 1 / rClip), rClip), 1);
  return { meanSquare, v, inverse, r };
}

/** The buffer with the batch's numbers in its row, in their dtype. */
export function withRow(buffer: Tensor, { row }: Turn, values: Tensor): Tensor {
  return where(row, values, cast(stopGradient(buffer), values.dtype));
}

/** The batch's numbers, or once averages are in use the average over the rows: [1, channels]. */
export function averaged(buffer: Tensor, turn: Turn, values: Tensor): Tensor {
  const average = mean(withRow(buffer, turn, values), { axes: 0, keepDims: true });
  return where(turn.averaged, average, values);
}

/** The state after the batch's forward. @throws ValueError for statistics that are not finite. */
export function nextState(
  norm: string,
  state: Tensors,
  { meanSquare, v }: Found,
  turn: Turn,
  { momentum }: Options,
): Tensors {
  const { runningVar, iters, bufferX2, bufferGz } = state;
  const before = cast(stopGradient(runningVar!), v.dtype);
  const blended = add(before, mul(momentum, sub(reshape(v, before.shape), before)));
  const next = {
    runningVar: cast(blended, runningVar!.dtype),
    iters: cast(turn.iteration, iters!.dtype),
    bufferX2: cast(withRow(bufferX2!, turn, meanSquare), bufferX2!.dtype),
  };
  checkFinite(norm, "running variance", next.runningVar);
  checkFinite(norm, "mean square of the batch", next.bufferX2);
  return { ...next, bufferGz: continueFrom(bufferGz!) };
}

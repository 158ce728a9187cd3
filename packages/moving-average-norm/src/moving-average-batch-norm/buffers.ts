import {
  add,
  cast,
  concat,
  maximum,
  mean,
  minimum,
  mul,
  onesLike,
  reshape,
  rsqrt,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
  tensor,
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

/** Which batch this is. */
export interface Turn {
  /** From 1. */
  readonly iteration: number;
  /** Its row in the buffers. */
  readonly row: number;
  /** Whether averages over batches are in use. */
  readonly averaged: boolean;
}

/** The turn of the batch behind this state. */
export function turnOf({ iters }: Tensors, { bufferSize, warmupIters }: Options): Turn {
  const iteration = iters!.item() + 1;
  const averaged = iteration > bufferSize && iteration >= warmupIters;
  return { iteration, row: iteration % bufferSize, averaged };
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
  { iteration, row, averaged }: Turn,
  { eps, rStart, rClip, warmupIters }: Options,
  layout: Layout,
): Found {
  const moments = momentsOfPlanes(stopGradient(x), layout);
  const meanSquare = add(variance(moments), square(moments.mean));
  const v = averaged ? averageOf(withRow(state["bufferX2"]!, row, meanSquare)) : meanSquare;
  const inverse = rsqrt(add(v, eps));
  if (iteration <= Math.max(rStart, warmupIters)) {
    return { meanSquare, v, inverse, r: onesLike(v) };
  }
  const running = add(cast(stopGradient(state["runningVar"]!), v.dtype), eps);
  const ratio = mul(sqrt(add(v, eps)), rsqrt(running));
  return { meanSquare, v, inverse, r: minimum(maximum(ratio, 1 / rClip), rClip) };
}

/** The buffer with these numbers in a row, in their dtype. */
export function withRow(buffer: Tensor, row: number, values: Tensor): Tensor {
  const rows = cast(stopGradient(buffer), values.dtype);
  return concat([slice(rows, [0], [row]), values, slice(rows, [row + 1])], 0);
}

/** The average over the rows: [1, channels]. */
export function averageOf(buffer: Tensor): Tensor {
  return mean(buffer, { axes: 0, keepDims: true });
}

/** The state after the batch's forward. @throws ValueError for statistics that are not finite. */
export function nextState(
  where: string,
  state: Tensors,
  { meanSquare, v }: Found,
  { iteration, row }: Turn,
  { momentum }: Options,
): Tensors {
  const { runningVar, iters, bufferX2, bufferGz } = state;
  const before = cast(stopGradient(runningVar!), v.dtype);
  const blended = add(before, mul(momentum, sub(reshape(v, before.shape), before)));
  const next = {
    runningVar: cast(blended, runningVar!.dtype),
    iters: tensor([iteration], iters!),
    bufferX2: cast(withRow(bufferX2!, row, meanSquare), bufferX2!.dtype),
  };
  checkFinite(where, "running variance", next.runningVar);
  checkFinite(where, "mean square of the batch", next.bufferX2);
  return { ...next, bufferGz: continueFrom(bufferGz!) };
}

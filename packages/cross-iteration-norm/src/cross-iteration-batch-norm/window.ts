import {
  add,
  arange,
  broadcastTo,
  cast,
  concat,
  type DType,
  div,
  greater,
  less,
  maximum,
  minimum,
  mul,
  onesLike,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  checkFinite,
  type Moments,
  merge,
  type PlaneMap,
  pushed,
  safeSqrt,
  type Tensors,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";
import type { CrossIterationBatchNormCondition } from "./condition.ts";
import type { CrossIterationBatchNormOptions } from "./options.ts";

type Options = Required<CrossIterationBatchNormOptions>;

// The published code keeps means and mean squares. We keep means and variances with their derivatives, so
// that an offset costs no digits; with m(w) and q(w) the Taylor estimates of mean and mean square,
//   q(w) − m(w)² = v + ⟨dv, Δw⟩ − ⟨dm, Δw⟩²,   dv = dq − 2·m·dm,
// which is the same number.

/** A history without entries. */
export function initHistory(options: Options, dtype: DType): Tensors {
  const { bufferNum, numFeatures, filterShape, groups } = options;
  const rows = (...shape: number[]): Tensor => zeros([bufferNum, ...shape], { dtype });
  return {
    preCount: zeros([], { dtype }),
    preMu: rows(numFeatures),
    preVar: rows(numFeatures),
    ...(filterShape && {
      preDmuDw: rows(groups, ...filterShape),
      preDvarDw: rows(numFeatures, ...filterShape),
      preWeight: rows(numFeatures, ...filterShape),
    }),
  };
}

/** For each entry of the window, newest first, whether this iteration may look back that far: 1 or 0. */
function reach(state: Tensors, options: Options, dtype: DType): Tensor {
  const { bufferNum, burnIn, twoStage } = options;
  const iteration = add(cast(stopGradient(state["numBatchesTracked"]!), dtype), 1);
  if (twoStage) return broadcastTo(greater(iteration, burnIn), [bufferNum]);
  // entry < floor(bufferNum · min(iteration / burnIn, 1)), without the division
  const needed = mul(add(arange(bufferNum, { dtype }), 1), burnIn);
  return sub(1, less(mul(minimum(iteration, burnIn), bufferNum), needed));
}

/** Earlier batches' statistics as they would be under today's weight: constants, [entries, channels]. */
export interface Past {
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** 1 for those that count, else 0. */
  readonly valid: Tensor;
  /** Whether the window is used at all: 1 or 0. */
  readonly open: Tensor;
}

/** The window of this iteration, but for the batch itself. */
export function pastOf(
  state: Tensors,
  weight: Tensor | undefined,
  options: Options,
  dtype: DType,
): Past {
  const { bufferNum, negativeVarianceRule, rho } = options;
  const stored = (name: string): Tensor => cast(stopGradient(state[name]!), dtype);
  const reached = reach(state, options, dtype);
  const filled = less(arange(bufferNum, { dtype }), stored("preCount"));
  const counted = reshape(mul(reached, filled), [bufferNum, 1]);
  const moved = weight && movedBy(state, weight, options);
  const mean = moved ? add(stored("preMu"), mul(rho, cast(moved.mean, dtype))) : stored("preMu");
  const spread = moved
    ? add(
        stored("preVar"),
        sub(mul(rho, cast(moved.variance, dtype)), square(mul(rho, cast(moved.mean, dtype)))),
      )
    : stored("preVar");
  const legal = negativeVarianceRule === "drop" ? sub(1, less(spread, 0)) : onesLike(spread);
  return {
    mean,
    variance: maximum(spread, 0),
    valid: mul(counted, legal),
    open: reshape(reached, [bufferNum, 1]),
  };
}

/** ⟨slope, weight − weight then⟩ of each entry and channel, for mean and variance. */
function movedBy(
  state: Tensors,
  weight: Tensor,
  { bufferNum, numFeatures, groups }: Options,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const { preWeight, preDmuDw, preDvarDw } = state;
  const now = cast(stopGradient(weight), preWeight!.dtype);
  const perGroup = (t: Tensor, filters = numFeatures / groups): Tensor =>
    reshape(stopGradient(t), [bufferNum, groups, filters, -1]);
  const change = perGroup(sub(now, stopGradient(preWeight!)));
  const along = (slope: Tensor): Tensor =>
    reshape(sum(mul(slope, change), { axes: 3 }), [bufferNum, numFeatures]);
  return { mean: along(perGroup(preDmuDw!, 1)), variance: along(perGroup(preDvarDw!)) };
}

/** Mean and variance of the batch and the window together, all entries alike; only the batch has a gradient. */
export function withPast(
  batch: Moments,
  { mean, variance: spread, valid, open }: Past,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const entries: Moments = {
    count: 1,
    mean: concat([batch.mean, mean], 0),
    m2: concat([variance(batch), spread], 0),
  };
  const weights = concat([onesLike(batch.mean), valid], 0);
  const joined = merge(entries, { axes: 0, weights });
  const inUse = sum(open, { axes: 0, keepDims: true });
  return {
    mean: joined.mean,
    // Outside the window the published code normalizes by the unbiased variance.
    variance: where(inUse, variance(joined), unbiasedVariance(batch)),
  };
}

/** The map by a mean and a variance. */
export function mapBy(
  mean: Tensor,
  variance: Tensor,
  { eps, epsMode }: Options,
  { weight, bias }: Tensors,
): PlaneMap {
  const deviation = epsMode === "outside" ? add(safeSqrt(variance), eps) : sqrt(add(variance, eps));
  return {
    center: mean,
    scale: div(weight ?? 1, deviation),
    shift: bias ?? zerosLike(mean),
  };
}

/** The history with this batch in front; closed windows stay without entries. */
export function remember(
  name: string,
  state: Tensors,
  batch: Moments,
  told: CrossIterationBatchNormCondition | undefined,
  options: Options,
): Tensors {
  const { preCount, preMu, preVar, preDmuDw, preDvarDw, preWeight } = state;
  const room = sum(reach(state, options, preCount!.dtype));
  const history = {
    preCount: minimum(add(stopGradient(preCount!), 1), room),
    preMu: pushed(preMu!, batch.mean),
    preVar: pushed(preVar!, variance(batch)),
  };
  checkFinite(name, "variance of the batch", history.preVar);
  if (!told || !preWeight) return history;
  return {
    ...history,
    preDmuDw: pushed(preDmuDw!, told.meanSlope!),
    preDvarDw: pushed(preDvarDw!, varianceSlope(name, batch.mean, told, options)),
    preWeight: pushed(preWeight, told.weight),
  };
}

/** d variance = d mean square − 2·mean·d mean. @throws ValueError where it is not finite. */
function varianceSlope(
  name: string,
  mean: Tensor,
  { meanSlope, squareSlope }: CrossIterationBatchNormCondition,
  { groups, numFeatures }: Options,
): Tensor {
  const filters = numFeatures / groups;
  const center = cast(reshape(stopGradient(mean), [groups, filters, 1]), squareSlope!.dtype);
  const shift = mul(mul(2, center), reshape(stopGradient(meanSlope!), [groups, 1, -1]));
  const slope = sub(reshape(stopGradient(squareSlope!), [groups, filters, -1]), shift);
  // A small tensor that is NaN where any of them is not finite.
  checkFinite(name, "derivative of the variance", sum(mul(slope, 0), { axes: 2 }));
  return slope;
}

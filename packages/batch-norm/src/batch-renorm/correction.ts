import {
  add,
  cast,
  type DType,
  div,
  less,
  maximum,
  minimum,
  mul,
  reciprocal,
  sqrt,
  stopGradient,
  sub,
  type Tensor,
  where,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  checkFinite,
  type Moments,
  type PlaneMap,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";

/** Running statistics as constants, and how many batches they have seen. */
export interface Running {
  readonly mean: Tensor;
  readonly std: Tensor;
  readonly batches: Tensor;
}

/** How far a batch may be corrected, and when. */
export interface Bounds {
  readonly eps: number;
  readonly rMax: number;
  readonly dMax: number;
  readonly warmupSteps: number;
  readonly rMaxSteps: number;
  readonly dMaxSteps: number;
}

/** The running statistics of a state; refuses what is not finite. */
export function runningOf(
  where: string,
  { runningMean, runningStd, numBatchesTracked }: Tensors,
  dtype: DType,
): Running {
  checkFinite(where, "running mean", runningMean!);
  checkFinite(where, "running standard deviation", runningStd!);
  const constant = (t: Tensor): Tensor => cast(stopGradient(t), dtype);
  return {
    mean: constant(runningMean!),
    std: constant(runningStd!),
    batches: constant(numBatchesTracked!),
  };
}

/** √(var + eps). */
export function deviationOf(batch: Moments, eps: number): Tensor {
  return sqrt(add(variance(batch), eps));
}

/** (x − runningMean)/runningStd·weight + bias. */
export function runningMap({ mean, std }: Running, { weight, bias }: Tensors): PlaneMap {
  const to = (t: Tensor): Tensor => cast(t, mean.dtype);
  return {
    center: mean,
    scale: weight ? div(to(weight), std) : reciprocal(std),
    shift: bias ?? zerosLike(mean),
  };
}

/** ((x − mean)/std·r + d)·weight + bias, r and d constants. */
export function correctedMap(
  batch: Moments,
  { weight, bias }: Tensors,
  running: Running,
  bounds: Bounds,
): PlaneMap {
  const { rMax, dMax, rMaxSteps, dMaxSteps } = bounds;
  const std = deviationOf(batch, bounds.eps);
  const most = add(1, mul(rMax - 1, grown(running.batches, bounds.warmupSteps, rMaxSteps)));
  const far = mul(dMax, grown(running.batches, bounds.warmupSteps, dMaxSteps));
  const r = clip(div(std, running.std), reciprocal(most), most);
  const d = clip(div(sub(batch.mean, running.mean), running.std), mul(-1, far), far);
  const [scale, shift] = [div(stopGradient(r), std), stopGradient(d)];
  const gained = weight ? mul(weight, shift) : shift;
  return {
    center: batch.mean,
    scale: weight ? mul(weight, scale) : scale,
    shift: bias ? add(gained, bias) : gained,
  };
}

/** 0 before `from` batches, 1 after `to`, a straight line between. */
function grown(batches: Tensor, from: number, to: number): Tensor {
  const line = to > from ? minimum(div(sub(batches, from), to - from), 1) : 1;
  return where(less(batches, from), 0, line);
}

function clip(x: Tensor, low: Tensor, high: Tensor): Tensor {
  return minimum(maximum(x, low), high);
}

import { add, mul, sigmoid, sub, type Tensor, zerosLike } from "@evenkeel/autodiff";
import type { Moments } from "./moments.ts";
import type { PlaneMap } from "./plane-rule.ts";
import { standardMap } from "./rules.ts";
import type { BatchStatistics } from "./running.ts";

/** The parameters of a calibrated map; what is left out is left undone. All broadcast to [samples, channels]. */
export interface Calibration {
  /** How much of its own mean is added to each plane before. */
  readonly centerWeight?: Tensor | undefined;
  /** How much its own mean counts in the gate of each plane after; only with `scaleBias`. */
  readonly scaleWeight?: Tensor | undefined;
  readonly scaleBias?: Tensor | undefined;
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

/** The planes' moments after x + centerWeight·K, with K their means: a shift leaves M2 as it is. */
export function centeredPlanes(planes: Moments, { centerWeight }: Calibration): Moments {
  return centerWeight ? { ...planes, mean: mul(add(1, centerWeight), planes.mean) } : planes;
}

/**
 * The map of representative batch norm: each plane shifted by its own mean before it is standardized by the
 * batch's statistics, and gated by its own mean after.
 *
 *     xs = (x + centerWeight·K − mean) / √(variance + eps)              K, Ks: the plane's means of x and xs
 *     y  = weight·xs·sigmoid(scaleWeight·Ks + scaleBias) + bias
 *
 * @param statistics - Of all planes after centering; see `centeredPlanes`.
 */
export function calibratedMap(
  { mean, variance }: BatchStatistics,
  eps: number,
  calibration: Calibration,
  planes: Moments,
): PlaneMap {
  const { centerWeight, scaleWeight, scaleBias, weight, bias } = calibration;
  const { scale } = standardMap(mean, variance, eps);
  const standardMean = mul(sub(centeredPlanes(planes, calibration).mean, mean), scale);
  const gain =
    scaleWeight && scaleBias
      ? mul(scale, sigmoid(add(mul(scaleWeight, standardMean), scaleBias)))
      : scale;
  return {
    center: centerWeight ? sub(mean, mul(centerWeight, planes.mean)) : mean,
    scale: weight ? mul(gain, weight) : gain,
    shift: bias ?? zerosLike(mean),
  };
}

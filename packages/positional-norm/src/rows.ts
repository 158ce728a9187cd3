import type { Tensor } from "@evenkeel/autodiff";
import {
  checkInput,
  checkMoreThanOne,
  type Layout,
  type Moments,
  rowPlanes,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";

/** One row of channels per position, and the axis of the channels. */
export interface PositionRows {
  readonly axis: number;
  readonly layout: Layout;
}

/** The rows of x, refused where there is nothing to take moments of. */
export function positionRows(
  where: string,
  x: Tensor,
  options: { readonly numFeatures: number; readonly channelAxis: number },
): PositionRows {
  const axis = checkInput(where, x, options);
  checkMoreThanOne(where, x, options.numFeatures, "Use more channels, or instance norm.");
  return { axis, layout: rowPlanes(x.shape, axis) };
}

/** M2 / (C − 1) or M2 / C. */
export function varianceOf(rows: Moments, unbiased: boolean): Tensor {
  return unbiased ? unbiasedVariance(rows) : variance(rows);
}

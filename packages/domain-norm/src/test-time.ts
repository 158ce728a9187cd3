import { stopGradient, type Tensor } from "@evenkeel/autodiff";
import {
  type BatchStatistics,
  checkMoreThanOne,
  type Moments,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";

/**
 * Mean and variance of a batch of the target domain, for the rule of a norm that adapts to it.
 *
 * @param how.constant - No gradient flows through them.
 * @throws ShapeError for one value per statistic.
 */
export function targetStatistics(
  where: string,
  x: Tensor,
  planes: Moments,
  { unbiased, constant }: { readonly unbiased: boolean; readonly constant: boolean },
): BatchStatistics {
  const { count, mean } = planes;
  const hint = "Adapt to larger batches, or evaluate by batch norm.";
  if (typeof count === "number") checkMoreThanOne(where, x, count, hint);
  const spread = unbiased ? unbiasedVariance(planes) : variance(planes);
  const given = (t: Tensor): Tensor => (constant ? stopGradient(t) : t);
  return { mean: given(mean), variance: given(spread) };
}

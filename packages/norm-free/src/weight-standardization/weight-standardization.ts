import { add, reciprocal, rsqrt, type Tensor, zerosLike } from "@evenkeel/autodiff";
import { Conv2d, type Conv2dOptions } from "@evenkeel/nn";
import {
  type Card,
  checkOptions,
  flag,
  nonNegative,
  normalizePlanes,
  type OptionRules,
  safeSqrt,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";
import { checkFanIn, filterRows } from "../filters.ts";

/** Options of `weightStandardization`. */
export interface WeightStandardizationOptions {
  /** Added to the deviation, or with `epsOutside: false` to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Divide by the weights of a filter less one, as the authors' PyTorch layer. Default true. */
  readonly unbiased?: boolean;
  /** Add eps to the deviation, behind the root, as the authors' layer. Default true. */
  readonly epsOutside?: boolean;
}

/** What tables say of `weightStandardization`. */
export const weightStandardizationCard: Card = {
  id: "weightStandardization",
  name: "Weight standardization",
  summary: "Standardizes the weights of each filter, for use before a norm by groups or layers.",
  tex: String.raw`\hat{W}_o = \frac{W_o - \mathrm{mean}(W_o)}{\mathrm{std}(W_o) + \epsilon}`,
  paper: {
    title: "Micro-Batch Training with Batch-Channel Normalization and Weight Standardization",
    authors: "Qiao, Wang, Liu, Shen, Yuille",
    year: 2019,
    arxiv: "1903.10520",
    code: "joe-siyuan-qiao/WeightStandardization",
  },
  keys: {},
  notes: [
    "The authors' PyTorch layer has the unbiased deviation and eps outside the root, timm the biased one and eps inside: `{ unbiased: false, epsOutside: false, eps: 1e-6 }`.",
    "The derivative of the deviation of equal weights is 0 here; PyTorch's is not a number.",
  ],
};

const rules: OptionRules<WeightStandardizationOptions> = {
  eps: nonNegative(1e-5),
  unbiased: flag(true),
  epsOutside: flag(true),
};

/**
 * Weight standardization: each filter's weights with mean 0 and deviation 1.
 *
 *     W[o] → (W[o] − mean) / (std + eps)        mean, std over everything of filter o
 *
 * **When to use.** For the convolutions before group norm, where batches are too small for batch norm. Without a
 * norm behind it, outputs have no scale.
 *
 * **Differs from the paper.** Follows the authors' PyTorch layer; the form of the paper and of timm is
 * `{ unbiased: false, epsOutside: false }`.
 *
 * @param weight - [filters, …].
 * @returns Of the same shape; differentiable to any order.
 * @throws ShapeError for a rank below 2, or filters of one weight; OptionError for illegal options.
 *
 * @example
 * const standardized = weightStandardization(random(1).normal([16, 8, 3, 3]));
 *
 * @see Qiao et al., 2019, arXiv 1903.10520.
 */
export function weightStandardization(
  weight: Tensor,
  options: WeightStandardizationOptions = {},
): Tensor {
  const where = weightStandardizationCard.id;
  const { eps, unbiased, epsOutside } = checkOptions(where, options, rules);
  const layout = filterRows(where, weight);
  checkFanIn(where, weight);
  const { output } = normalizePlanes(
    weight,
    {},
    (rows) => {
      const spread = unbiased ? unbiasedVariance(rows) : variance(rows);
      const scale = epsOutside ? reciprocal(add(safeSqrt(spread), eps)) : rsqrt(add(spread, eps));
      return { center: rows.mean, scale, shift: zerosLike(rows.mean) };
    },
    { layout },
  );
  return output;
}

/** Options of a convolution whose weights are standardized. */
export interface StandardizedConv2dOptions extends Conv2dOptions, WeightStandardizationOptions {}

/**
 * A convolution whose weights are standardized in every forward.
 *
 *     y = conv2d(x, weightStandardization(weight)) + bias
 *
 * **When to use.** In the place of `Conv2d`, before group norm.
 *
 * Parameters: those of `Conv2d`, under the same names.
 *
 * @throws OptionError for unknown or illegal options; ShapeError in the forward for filters of one weight.
 *
 * @example
 * const conv = new StandardizedConv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 });
 * const y = conv.forward(random(1).normal([2, 3, 8, 8]));
 *
 * @see Qiao et al., 2019, arXiv 1903.10520.
 */
export class StandardizedConv2d extends Conv2d {
  private readonly standardization: WeightStandardizationOptions;

  constructor({ eps, unbiased, epsOutside, ...options }: StandardizedConv2dOptions) {
    super(options);
    const given = Object.entries({ eps, unbiased, epsOutside }).filter(([, v]) => v !== undefined);
    this.standardization = checkOptions("StandardizedConv2d", Object.fromEntries(given), rules);
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, weightStandardization(this.weight.value, this.standardization));
  }
}

import { add, mul, type Tensor } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { checkOptions, count, finite, nonNegative, type OptionRules } from "@evenkeel/norm-core";
import { rprelu, rsign } from "../binary-activation/binary-activation.ts";
import { binaryStandardizedWeight } from "../binary-weight/binary-weight.ts";
import type { ScaledWeightStandardizationOptions } from "../scaled-weight-standardization/scaled-weight-standardization.ts";

/** The constants of a block. */
export interface BinaryBlockOptions extends ScaledWeightStandardizationOptions {
  /** Weight of the branch. Default 0.2. */
  readonly alpha?: number;
  /** 1 / √(expected variance of x): see `blockBetas`. Default 1. */
  readonly beta?: number;
  /** Of the convolution. Default 1. */
  readonly stride?: number;
}

/** The numbers that a block learns. */
export interface BinaryBlockParams {
  /** [channels], added before the sign. */
  readonly shift: Tensor;
  /** [filters, channels, 3, 3]. */
  readonly weight: Tensor;
  /** [filters]. */
  readonly gain: Tensor;
  /** Of the RPReLU behind, [filters] each. */
  readonly prelu: { readonly shift: Tensor; readonly slope: Tensor; readonly lift: Tensor };
  /** What takes x's place beside the branch, where resolution or channels change. */
  readonly residual?: Tensor | undefined;
}

const constants: OptionRules<BinaryBlockOptions> = {
  alpha: finite(0.2),
  beta: finite(1),
  gamma: finite(1),
  eps: nonNegative(1e-5),
  stride: count(1),
};

/**
 * The basic block of a binary network without batch norm.
 *
 *     h = conv2d(rsign(beta·x), gain · binaryWeight(scaledWeightStandardization(weight)))
 *     y = rprelu(alpha·h + residual)        residual: x, or what is given
 *
 * **When to use.** As `BinaryBlock`, with its parameters; this is its function.
 *
 * **Differs from the paper.** Follows the code where the paper's figure differs: x is multiplied by beta.
 *
 * @param x - [samples, channels, height, width].
 * @throws ShapeError for shapes that do not fit; OptionError for illegal options.
 *
 * @example
 * const zero = zeros([4]);
 * const prelu = { shift: zero, slope: full([4], 0.25), lift: zero };
 * const weight = random(1).normal([4, 4, 3, 3]);
 * const x = random(2).normal([2, 4, 6, 6]);
 * const y = binaryBlock(x, { shift: zero, weight, gain: ones([4]), prelu });
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export function binaryBlock(
  x: Tensor,
  { shift, weight, gain, prelu, residual = x }: BinaryBlockParams,
  options: BinaryBlockOptions = {},
): Tensor {
  const { alpha, beta, stride, gamma, eps } = checkOptions("binaryBlock", options, constants);
  const signs = rsign(mul(beta, x), shift);
  const padding = Math.floor(weight.shape[2]! / 2);
  const h = conv2d(signs, binaryStandardizedWeight(weight, gain, { gamma, eps }), {
    stride,
    padding,
  });
  return rprelu(add(mul(alpha, h), residual), prelu);
}

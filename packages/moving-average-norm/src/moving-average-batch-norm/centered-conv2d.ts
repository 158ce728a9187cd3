import { mean, sub, type Tensor } from "@evenkeel/autodiff";
import { Conv2d, type Conv2dOptions } from "@evenkeel/nn";

/**
 * A weight without the mean of each filter: w − mean over all axes but the first.
 *
 * **When to use.** With norms that do not subtract a mean: filters of mean 0 do not see a constant image.
 *
 * @param weight - [filters, channels / groups, height, width], or of any rank >= 2.
 *
 * @example
 * centerWeight(tensor([[1, 3]])); // [[-1, 1]]
 */
export function centerWeight(weight: Tensor): Tensor {
  const axes = weight.shape.slice(1).map((_, i) => i + 1);
  return sub(weight, mean(weight, { axes, keepDims: true }));
}

/** Options of a `Conv2d`, but for the bias, which there is none of. */
export type CenteredConv2dOptions = Omit<Conv2dOptions, "bias">;

/**
 * A convolution by the centered weight, without bias. The gradient of its weight is centered, too.
 *
 * @throws OptionError for options that `Conv2d` refuses.
 *
 * @example
 * const conv = new CenteredConv2d({ inChannels: 3, outChannels: 8, kernelSize: 3 });
 * const model = new Sequential(conv, norm(movingAverageBatchNorm, { numFeatures: 8 }), new ReLU());
 *
 * @see Yan et al., Towards Stabilizing Batch Statistics, ICLR 2020, arXiv 2001.06838.
 */
export class CenteredConv2d extends Conv2d {
  constructor(options: CenteredConv2dOptions) {
    super({ ...options, bias: false });
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, centerWeight(this.weight.value));
  }
}

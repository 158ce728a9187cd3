import { fail, OptionError, type Tensor } from "@evenkeel/autodiff";
import { checkOptions, count, flag, type OptionRules } from "@evenkeel/norm-core";
import { Parameter } from "../cell.ts";
import { fans, uniform } from "../init.ts";
import { Module } from "../module.ts";
import { conv2d, type SlideOptions, slideRules } from "../ops/conv2d.ts";
import { type Pair, toPair } from "../ops/window.ts";
import { type DrawOptions, drawRules, pair, streamOf } from "../rules.ts";

export interface Conv2dOptions extends SlideOptions, DrawOptions {
  readonly inChannels: number;
  /** Number of filters. */
  readonly outChannels: number;
  readonly kernelSize: Pair;
  /** Default true; leave it out before a norm, which takes it away again. */
  readonly bias?: boolean;
}
const rules: OptionRules<Conv2dOptions> = {
  inChannels: count(),
  outChannels: count(),
  kernelSize: pair(1),
  ...slideRules,
  bias: flag(true),
  ...drawRules,
};

/**
 * A convolution layer; see `conv2d`. At first weight and bias are uniform in ±1/√fanIn, as in PyTorch.
 *
 * @throws OptionError for unknown or illegal options, or channels that groups do not divide.
 *
 * @example
 * const conv = new Conv2d({ inChannels: 3, outChannels: 16, kernelSize: 3, padding: 1 });
 * conv.forward(ones([1, 3, 8, 8])).shape; // [1, 16, 8, 8]
 */
export class Conv2d extends Module {
  /** [outChannels, inChannels / groups, kernel height, kernel width]. */
  readonly weight: Parameter;
  /** [outChannels]. */
  readonly bias: Parameter | undefined;
  readonly groups: number;
  /** How the filters slide. */
  readonly slide: Required<SlideOptions>;

  constructor(options: Conv2dOptions) {
    super();
    const o = checkOptions("Conv2d", options, rules);
    const { stride, padding, dilation, groups, inChannels, outChannels } = o;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      fail(
        {
          where: "Conv2d",
          expected: `inChannels and outChannels that are multiples of groups (${groups})`,
          got: `${inChannels} and ${outChannels}`,
        },
        OptionError,
      );
    }
    this.groups = groups;
    this.slide = { stride, padding, dilation, groups };
    const draw = { random: streamOf(o), dtype: o.dtype };
    const shape = [outChannels, inChannels / groups, ...toPair(o.kernelSize)];
    const bound = 1 / Math.sqrt(fans(shape).fanIn);
    this.weight = new Parameter(uniform(shape, bound, draw));
    this.bias = o.bias ? new Parameter(uniform([outChannels], bound, draw)) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, this.weight.value);
  }

  /** The forward with another weight in the place of its own, such as a centered or standardized one. */
  convolve(x: Tensor, weight: Tensor): Tensor {
    return conv2d(x, weight, { ...this.slide, bias: this.bias?.value });
  }
}

import {
  abs,
  add,
  customGrad,
  greater,
  mean,
  mul,
  ones,
  reshape,
  sign,
  type Tensor,
  where,
} from "@evenkeel/autodiff";
import { Conv2d, type Conv2dOptions, Parameter } from "@evenkeel/nn";
import {
  type Card,
  checkOptions,
  finite,
  nonNegative,
  type OptionRules,
} from "@evenkeel/norm-core";
import { filterRows, restOf } from "../filters.ts";
import {
  type ScaledWeightStandardizationOptions,
  scaledWeightStandardization,
} from "../scaled-weight-standardization/scaled-weight-standardization.ts";

/** What tables say of `binaryWeight`. */
export const binaryWeightCard: Card = {
  id: "binaryWeight",
  name: "Binary weights",
  summary:
    "Gives each filter one scale and a sign for each weight; gradients pass straight through.",
  tex: String.raw`\hat{W}_o = \mathrm{mean}(|W_o|)\,\mathrm{sign}(W_o), \quad \frac{\partial \hat{W}}{\partial W} := \mathbf{1}_{|W| \le 1}`,
  paper: {
    title: '"BNN - BN = ?": Training Binary Neural Networks without Batch Normalization',
    authors: "Chen, Zhang, Ouyang, Liu, Shen, Wang",
    year: 2021,
    venue: "CVPR workshops",
    arxiv: "2104.08215",
    code: "VITA-Group/BNN_NoBN",
  },
  keys: {},
  notes: [
    "The backward is not the derivative of the forward: it is that of clipping to [−1, 1], and the scale counts as a constant.",
  ],
};

const binarize = customGrad("binaryWeight", (weight) => ({
  value: mul(mean(abs(weight!), { axes: restOf(weight!), keepDims: true }), sign(weight!)),
  vjp: (g, [w]) => [where(greater(abs(w!), 1), 0, g)],
}));

/**
 * Binary weights with a scale per filter and a straight-through gradient.
 *
 *     W[o] → mean(|W[o]|) · sign(W[o])            sign(0) = 0
 *     dW = g where |W| <= 1, else 0               the scale is a constant
 *
 * **When to use.** In the convolutions of binary networks; for those without batch norm on standardized weights:
 * see `BinaryStandardizedConv2d`.
 *
 * **Differs from the paper.** Nothing. Being straight-through, its gradient is not that of its forward, so there is
 * nothing that finite differences could confirm.
 *
 * @param weight - [filters, …].
 * @throws ShapeError for a rank below 2 or no elements.
 *
 * @example
 * const binary = binaryWeight(random(1).normal([16, 8, 3, 3]));
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export function binaryWeight(weight: Tensor): Tensor {
  filterRows(binaryWeightCard.id, weight);
  return binarize(weight);
}

/** Weights as the authors draw them, uniform in [0, 0.001), made from those that the convolution drew. */
function redraw({ weight }: Conv2d): void {
  const { size, shape } = weight.value;
  const bound = 1 / Math.sqrt(size / shape[0]!);
  weight.replace(mul(add(weight.value, bound), 0.0005 / bound));
}

/**
 * A convolution with binary weights.
 *
 *     y = conv2d(x, binaryWeight(weight))
 *
 * **When to use.** In binary networks that have batch norm. Without it take `BinaryStandardizedConv2d`.
 *
 * Parameters: those of `Conv2d`; weights are at first uniform in [0, 0.001), and there is no bias by default.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const conv = new BinaryConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 });
 * const y = conv.forward(binaryActivation(random(1).normal([2, 8, 6, 6])));
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export class BinaryConv2d extends Conv2d {
  constructor(options: Conv2dOptions) {
    super({ bias: false, ...options });
    redraw(this);
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, binaryWeight(this.weight.value));
  }
}

/** Options of a convolution with binary standardized weights. */
export interface BinaryStandardizedConv2dOptions
  extends Conv2dOptions,
    ScaledWeightStandardizationOptions {}

const rules: OptionRules<ScaledWeightStandardizationOptions> = {
  gamma: finite(1),
  eps: nonNegative(1e-5),
};

/** @returns The weights of `BinaryStandardizedConv2d`: gain · binaryWeight(scaledWeightStandardization(weight)). */
export function binaryStandardizedWeight(
  weight: Tensor,
  gain: Tensor,
  options: ScaledWeightStandardizationOptions = {},
): Tensor {
  const binary = binaryWeight(scaledWeightStandardization(weight, undefined, options));
  return mul(reshape(gain, [weight.shape[0]!, ...restOf(weight).map(() => 1)]), binary);
}

/**
 * A convolution with binary weights of standardized ones, and a learned gain per filter.
 *
 *     y = conv2d(x, gain · binaryWeight(scaledWeightStandardization(weight)))
 *
 * **When to use.** In binary networks without batch norm.
 *
 * Parameters: those of `Conv2d`, at first uniform in [0, 0.001) and without a bias by default; `gain`
 * [outChannels], at first 1.
 *
 * @throws OptionError for unknown or illegal options; ShapeError in the forward for filters of one weight.
 *
 * @example
 * const conv = new BinaryStandardizedConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3 });
 * const y = conv.forward(binaryActivation(random(1).normal([2, 8, 6, 6])));
 *
 * @see Chen et al., 2021, arXiv 2104.08215.
 */
export class BinaryStandardizedConv2d extends Conv2d {
  /** [outChannels]. */
  readonly gain: Parameter;
  private readonly standardization: ScaledWeightStandardizationOptions;

  constructor({ gamma, eps, ...options }: BinaryStandardizedConv2dOptions) {
    super({ bias: false, ...options });
    const given = Object.entries({ gamma, eps }).filter(([, v]) => v !== undefined);
    const where = "BinaryStandardizedConv2d";
    this.standardization = checkOptions(where, Object.fromEntries(given), rules);
    const { dtype, shape } = this.weight.value;
    this.gain = new Parameter(ones([shape[0]!], { dtype }));
    redraw(this);
  }

  override forward(x: Tensor): Tensor {
    const { weight, gain, standardization } = this;
    return this.convolve(x, binaryStandardizedWeight(weight.value, gain.value, standardization));
  }
}

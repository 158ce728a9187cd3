import {
  add,
  fail,
  mul,
  ones,
  reciprocal,
  reshape,
  ShapeError,
  showShape,
  type Tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import { Conv2d, type Conv2dOptions, Parameter } from "@evenkeel/nn";
import {
  type Card,
  checkOptions,
  finite,
  nonNegative,
  normalizePlanes,
  type OptionRules,
  safeSqrt,
  variance,
} from "@evenkeel/norm-core";
import { checkFanIn, filterRows } from "../filters.ts";

/** Options of `scaledWeightStandardization`. */
export interface ScaledWeightStandardizationOptions {
  /** What makes up for the activation: for relu √(2 / (1 − 1/π)) in NF-ResNets. Default 1. */
  readonly gamma?: number;
  /** Added to the deviation. Default 1e-5. */
  readonly eps?: number;
}

/** What tables say of `scaledWeightStandardization`. */
export const scaledWeightStandardizationCard: Card = {
  id: "scaledWeightStandardization",
  name: "Scaled weight standardization",
  summary:
    "Standardizes the weights of each filter so that it keeps the variance of its input; no norm follows.",
  tex: String.raw`\hat{W}_o = g_o\,\frac{\gamma}{\sqrt{N}}\,\frac{W_o - \mathrm{mean}(W_o)}{\mathrm{std}(W_o) + \epsilon}`,
  paper: {
    title: "Characterizing signal propagation to close the performance gap in unnormalized ResNets",
    authors: "Brock, De, Smith",
    year: 2021,
    venue: "ICLR",
    arxiv: "2101.08692",
    code: "VITA-Group/BNN_NoBN",
  },
  keys: {},
  notes: [
    "Follows the layer of BNN_NoBN: the biased deviation with eps outside the root. NFNets and timm have eps inside, and are not identical.",
  ],
};

const rules: OptionRules<ScaledWeightStandardizationOptions> = {
  gamma: finite(1),
  eps: nonNegative(1e-5),
};

/**
 * Scaled weight standardization: each filter's weights with mean 0 and variance gamma² / fan-in.
 *
 *     W[o] → gain[o] · gamma / √fanIn · (W[o] − mean) / (std + eps)
 *
 * **When to use.** In networks without norms: a filter keeps the variance of what comes in.
 *
 * **Differs from the paper.** eps is outside the root, as in the code of "BNN − BN = ?".
 *
 * @param weight - [filters, …].
 * @param gain - [filters], learned; leave it out for 1.
 * @throws ShapeError for a rank below 2, filters of one weight, or another number of gains; OptionError for
 *   illegal options.
 *
 * @example
 * const weight = random(1).normal([16, 8, 3, 3]);
 * const scaled = scaledWeightStandardization(weight, ones([16]), { gamma: 1.7 });
 *
 * @see Brock, De and Smith, ICLR 2021, arXiv 2101.08692.
 */
export function scaledWeightStandardization(
  weight: Tensor,
  gain?: Tensor,
  options: ScaledWeightStandardizationOptions = {},
): Tensor {
  const where = scaledWeightStandardizationCard.id;
  const { gamma, eps } = checkOptions(where, options, rules);
  const layout = filterRows(where, weight);
  checkFanIn(where, weight);
  const factor = gamma / Math.sqrt(weight.size / weight.shape[0]!);
  const { output } = normalizePlanes(
    weight,
    gain ? { gain: column(where, gain, weight) } : {},
    (rows, given: { readonly gain?: Tensor }) => {
      const scale = mul(factor, reciprocal(add(safeSqrt(variance(rows)), eps)));
      const scaled = given.gain ? mul(given.gain, scale) : scale;
      return { center: rows.mean, scale: scaled, shift: zerosLike(rows.mean) };
    },
    { layout },
  );
  return output;
}

/** [filters, 1] */
function column(where: string, gain: Tensor, { shape: [filters] }: Tensor): Tensor {
  if (gain.size === filters) return reshape(gain, [filters, 1]);
  return fail(
    { where: `${where} gain`, expected: `shape [${filters}]`, got: showShape(gain.shape) },
    ShapeError,
  );
}

/** Options of a convolution whose weights are standardized and scaled. */
export interface ScaledStandardizedConv2dOptions
  extends Conv2dOptions,
    ScaledWeightStandardizationOptions {}

/**
 * A convolution with scaled weight standardization and a learned gain per filter.
 *
 *     y = conv2d(x, scaledWeightStandardization(weight, gain)) + bias
 *
 * **When to use.** In the place of `Conv2d` and the norm behind it.
 *
 * Parameters: those of `Conv2d`, and `gain` [outChannels], at first 1.
 *
 * @throws OptionError for unknown or illegal options; ShapeError in the forward for filters of one weight.
 *
 * @example
 * const conv = new ScaledStandardizedConv2d({ inChannels: 3, outChannels: 8, kernelSize: 3 });
 * const y = conv.forward(random(1).normal([2, 3, 8, 8]));
 *
 * @see Brock, De and Smith, ICLR 2021, arXiv 2101.08692.
 */
export class ScaledStandardizedConv2d extends Conv2d {
  /** [outChannels]. */
  readonly gain: Parameter;
  private readonly standardization: ScaledWeightStandardizationOptions;

  constructor({ gamma, eps, ...options }: ScaledStandardizedConv2dOptions) {
    super(options);
    const given = Object.entries({ gamma, eps }).filter(([, v]) => v !== undefined);
    this.standardization = checkOptions(
      "ScaledStandardizedConv2d",
      Object.fromEntries(given),
      rules,
    );
    const { dtype, shape } = this.weight.value;
    this.gain = new Parameter(ones([shape[0]!], { dtype }));
  }

  override forward(x: Tensor): Tensor {
    const { weight, gain, standardization } = this;
    return this.convolve(x, scaledWeightStandardization(weight.value, gain.value, standardization));
  }
}

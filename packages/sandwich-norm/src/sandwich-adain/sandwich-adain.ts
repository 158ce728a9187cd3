import { add, mul, ones, rsqrt, sqrt, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  axis,
  type Card,
  count,
  defineNorm,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  stylePlanes,
  unbiasedVariance,
} from "@evenkeel/norm-core";

/** Options of `sandwichAdain`. */
export interface SandwichAdainOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variances of content and style, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Where the channels of content and style are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
  /** Standard deviation of the first `sharedWeight` around 1. Default 0. */
  readonly sharedWeightStd?: number;
}

/** What sandwich AdaIN must be told about a batch. */
export interface SandwichAdainCondition {
  /** Feature maps, one for each sample of x, with its channels; space may be of another size. */
  readonly style: Tensor;
}

const card: Card = {
  id: "sandwichAdain",
  name: "Sandwich adaptive instance normalization",
  summary:
    "Gives each sample the channel means and deviations of a style, after an affine that all styles share.",
  tex: String.raw`y = \sigma(s)_{n,c}\Bigl(\gamma_c\,\frac{x - \mu(x)_{n,c}}{\sigma(x)_{n,c}} + \beta_c\Bigr) + \mu(s)_{n,c}`,
  paper: {
    title:
      "Sandwich Batch Normalization: A Drop-In Replacement for Feature Distribution Heterogeneity",
    authors: "Gong, Chen, Chen, Wang",
    year: 2022,
    venue: "WACV",
    arxiv: "2102.11382",
    code: "VITA-Group/Sandwich-Batch-Normalization@25e7df6 (NST)",
  },
  keys: { sharedWeight: "shared_weight", sharedBias: "shared_bias" },
  notes: [
    "Variances are unbiased, and eps lies inside both roots, as in the code.",
    "A single value per channel and sample is an error; the code then gives NaN.",
  ],
};

/**
 * Sandwich adaptive instance normalization of any rank >= 3.
 *
 *     z = (x − mean(x)) / √(var(x) + eps)                per sample and channel, over space; var unbiased
 *     y = √(var(style) + eps)·(sharedWeight·z + sharedBias) + mean(style)
 *
 * **When to use.** Style transfer, in the place of adaptive instance norm, where training sees many styles:
 * what all of them have in common is learned once.
 *
 * **Differs from the paper.** Nothing in the numbers. Gradients reach x, style and parameters.
 *
 * Parameters: `sharedWeight`, `sharedBias` [numFeatures]. State: none; every mode is the same. Condition:
 * `style`.
 *
 * @throws ShapeError for a wrong rank or channel count, a style that is missing or of another number of
 *   samples, or one value per sample and channel in either.
 *
 * @example
 * const norm = sandwichAdain({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const content = random(1).normal([2, 3, 8, 8]);
 * const style = random(2).normal([2, 3, 6, 6]);
 * const { output } = norm.apply(content, params, state, { condition: { style } });
 *
 * @see Gong, Chen, Chen and Wang, Sandwich Batch Normalization, WACV 2022, arXiv 2102.11382.
 */
export const sandwichAdain: Norm<SandwichAdainOptions, SandwichAdainCondition> = defineNorm<
  SandwichAdainOptions,
  SandwichAdainCondition
>({
  card,
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    channelAxis: axis(1),
    sharedWeightStd: nonNegative(0),
  },
  init: ({ numFeatures, sharedWeightStd: std }, dtype, random) => ({
    params: {
      sharedWeight:
        std > 0
          ? random.normal([numFeatures], { mean: 1, std, dtype })
          : ones([numFeatures], { dtype }),
      sharedBias: zeros([numFeatures], { dtype }),
    },
    state: {},
  }),
  fusesActivation: true,
  apply(x, { sharedWeight, sharedBias }, state, options, { condition, activation }) {
    const { eps } = options;
    const { content, style } = stylePlanes(card.id, x, condition?.style, options);
    const target = momentsOfPlanes(style.x, style.layout);
    const deviation = sqrt(add(unbiasedVariance(target), eps));
    const { output } = normalizePlanes(
      content.x,
      { sharedWeight: sharedWeight!, sharedBias: sharedBias!, mean: target.mean, deviation },
      (planes, p) => {
        const inverse = rsqrt(add(unbiasedVariance(planes), eps));
        return {
          center: planes.mean,
          scale: mul(mul(inverse, p.deviation), p.sharedWeight),
          shift: add(mul(p.deviation, p.sharedBias), p.mean),
        };
      },
      { layout: content.layout, activation },
    );
    return { output: content.restore(output), state };
  },
});

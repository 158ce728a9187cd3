import { add, mul, rsqrt, sqrt, stopGradient, type Tensor } from "@evenkeel/autodiff";
import {
  axis,
  type Card,
  count,
  defineNorm,
  flag,
  type Moments,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  type OptionRule,
  safeSqrt,
  stylePlanes,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";

/** Options of `adain`. */
export interface AdainOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variances, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** How much of the style: the output is alpha·adain + (1 − alpha)·content. Default 1. */
  readonly alpha?: number;
  /** Divide by S − 1 in both variances; false divides by S, as the authors. Default true. */
  readonly unbiased?: boolean;
  /** Add eps to the style's variance, too; the authors do not. Default true. */
  readonly styleEps?: boolean;
  /** Let no gradient reach the style, as the authors. Default false. */
  readonly detachStyle?: boolean;
  /** Where the channels are, in content and style; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

/** What adaptive instance norm must be told. */
export interface StyleCondition {
  /** As many samples and channels as the content; its space may be another. */
  readonly style: Tensor;
}

const card: Card = {
  id: "adain",
  name: "Adaptive instance normalization",
  summary: "Gives each channel of each sample the mean and deviation that it has in a style.",
  tex: String.raw`y = \sigma(s)\,\frac{x - \mu(x)}{\sigma(x)} + \mu(s)`,
  paper: {
    title: "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization",
    authors: "Huang, Belongie",
    year: 2017,
    venue: "ICCV",
    arxiv: "1703.06868",
    code: "naoto0804/pytorch-AdaIN",
  },
  keys: {},
  notes: [
    "The default is the PyTorch port's convention: unbiased variances, eps in both, gradients into the style.",
    "unbiased: false, styleEps: false, detachStyle: true is that of the authors' Lua code.",
    "One position per channel is an error; the port gives NaN.",
  ],
};

const fraction: OptionRule<number> = {
  fallback: 1,
  expected: "a number from 0 to 1",
  legal: (v) => typeof v === "number" && v >= 0 && v <= 1,
};

/**
 * Adaptive instance normalization of any rank >= 3.
 *
 *     y = alpha·(σ(s)·(x − μ(x)) / σ(x) + μ(s)) + (1 − alpha)·x     per sample and channel, over space
 *
 * **When to use.** Style transfer, between an encoder and a decoder. Where scale and shift come from a
 * latent instead of a picture, as in StyleGAN, take instance norm and then `film`.
 *
 * **Differs from the paper.** Any channel axis; both conventions of variance and eps.
 *
 * Parameters: none. State: none; training and evaluation are alike. Condition: `style`.
 *
 * @throws ShapeError for a wrong rank or channel count, a style of other samples or channels, an empty
 *   input, or one position per channel.
 *
 * @example
 * const content = random(1).normal([2, 3, 8, 8]);
 * const style = random(2).normal([2, 3, 5, 6], { mean: 4, std: 0.5 });
 * const { output } = adain({ numFeatures: 3 }).apply(content, {}, {}, { condition: { style } });
 *
 * @see Huang and Belongie, Arbitrary Style Transfer, ICCV 2017, arXiv 1703.06868.
 */
export const adain: Norm<AdainOptions, StyleCondition> = defineNorm<AdainOptions, StyleCondition>({
  card,
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    alpha: fraction,
    unbiased: flag(true),
    styleEps: flag(true),
    detachStyle: flag(false),
    channelAxis: axis(1),
  },
  init: () => ({ params: {}, state: {} }),
  fusesActivation: true,
  apply(x, _params, state, options, { condition, activation }) {
    const { eps, alpha, unbiased, styleEps, detachStyle } = options;
    const given = condition?.style;
    const source = given && detachStyle ? stopGradient(given) : given;
    const { content, style } = stylePlanes(card.id, x, source, options);
    const spread = unbiased ? unbiasedVariance : variance;
    const moments = momentsOfPlanes(style.x, style.layout);
    const deviation = styleEps ? sqrt(add(spread(moments), eps)) : safeSqrt(spread(moments));
    const { output } = normalizePlanes(
      content.x,
      { mean: moments.mean, deviation },
      (planes: Moments, of) => {
        const scale = mul(of.deviation, rsqrt(add(spread(planes), eps)));
        // alpha·(scale·(x − μ) + mean) + (1 − alpha)·((x − μ) + μ)
        return {
          center: planes.mean,
          scale: add(mul(scale, alpha), 1 - alpha),
          shift: add(mul(of.mean, alpha), mul(planes.mean, 1 - alpha)),
        };
      },
      { layout: content.layout, activation },
    );
    return { output: content.restore(output), state };
  },
});

import { add, full, mul, sigmoid, zeros } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  defineNorm,
  finite,
  flag,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
  standardMap,
} from "@evenkeel/norm-core";

/** Options of `instanceEnhancementBatchNorm`, in PyTorch's vocabulary. */
export interface InstanceEnhancementBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel, besides the gate. Default true. */
  readonly affine?: boolean;
  /** Where `attentionBias` starts: the gate is sigmoid(attentionBiasInit) at first. Default −1. */
  readonly attentionBiasInit?: number;
}

const card: Card = {
  id: "instanceEnhancementBatchNorm",
  name: "Instance enhancement batch normalization",
  summary: "Batch norm whose weight is gated, for each sample, by the sample's own channel means.",
  tex: String.raw`y = \gamma_c\,\sigma(\hat\gamma_c\,\bar x_{n,c} + \hat\beta_c)\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Instance Enhancement Batch Normalization: An Adaptive Regulator of Batch Noise",
    authors: "Liang, Huang, Liang, Yang",
    year: 2020,
    venue: "AAAI",
    arxiv: "1908.04008",
    code: "gbup-group/IEBN@ed6d563",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    attentionWeight: "weight_readjust",
    attentionBias: "bias_readjust",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "momentum null and numBatchesTracked work; in the published code the one is a TypeError and the other stays 0.",
    "Parameters are [C]; the published ones are [1, C, 1, 1].",
  ],
};

/**
 * Instance enhancement batch normalization of any rank >= 2.
 *
 *     gate = sigmoid(attentionWeight·K + attentionBias)         K: each sample's mean of x per channel
 *     y = weight·gate·(x − mean) / √(var + eps) + bias          mean, var over all axes but the channels'
 *
 * **When to use.** In batch norm's place where batches are noisy: small, or mixed from unlike sources.
 *
 * **Differs from the paper.** Nothing in the numbers; see the card's notes on the published code.
 *
 * Parameters: `weight`, `bias` (with affine), `attentionWeight`, `attentionBias` [numFeatures]. State:
 * `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` []. At first y is sigmoid(−1) ≈ 0.27 times
 * batch norm's output.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in
 *   training; ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const iebn = instanceEnhancementBatchNorm({ numFeatures: 3 });
 * const { params, state } = iebn.init();
 * const { output, state: next } = iebn.apply(random(1).normal([8, 3, 4, 4]), params, state);
 *
 * @see Liang, Huang, Liang and Yang, Instance Enhancement Batch Normalization, AAAI 2020, arXiv 1908.04008.
 */
export const instanceEnhancementBatchNorm: Norm<InstanceEnhancementBatchNormOptions> =
  defineNorm<InstanceEnhancementBatchNormOptions>({
    card,
    options: { ...batchOptions, affine: flag(true), attentionBiasInit: finite(-1) },
    init: ({ numFeatures, affine, trackRunningStats, attentionBiasInit }, dtype) => ({
      params: {
        ...initAffine([numFeatures], dtype, { affine }),
        attentionWeight: zeros([numFeatures], { dtype }),
        attentionBias: full([numFeatures], attentionBiasInit, { dtype }),
      },
      state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
    }),
    fusesActivation: true,
    apply: (x, params, state, options, { mode, activation }) =>
      normalizeBatch(card.id, x, params, {
        ...{ state, options, mode, activation, perSample: true },
        map({ mean, variance }, p, planes) {
          const logit = add(mul(p["attentionWeight"]!, planes.mean), p["attentionBias"]!);
          const plain = standardMap(mean, variance, options.eps, affineOf(p));
          return { ...plain, scale: mul(plain.scale, sigmoid(logit)) };
        },
      }),
  });

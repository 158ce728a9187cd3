import type { Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  defineNorm,
  flag,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";

/** Options of `batchNorm`, in PyTorch's vocabulary. */
export interface BatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

/** What batch norm may be told about a batch. */
export interface BatchNormCondition {
  /**
   * How much each sample, [N], or each position (x's shape without the channel axis) counts in the
   * statistics; 0 leaves padding out. The output is computed everywhere.
   */
  readonly mask?: Tensor | undefined;
}

const card: Card = {
  id: "batchNorm",
  name: "Batch normalization",
  summary: "Standardizes each channel by its mean and variance over the batch and all positions.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c`,
  paper: {
    title:
      "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    authors: "Ioffe, Szegedy",
    year: 2015,
    venue: "ICML",
    arxiv: "1502.03167",
    code: "torch.nn.BatchNorm2d (PyTorch 1.13)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "Running variance is the unbiased one, as in PyTorch; the paper averages unbiased variances at the end of training instead.",
    "One value per channel in training is an error, as in PyTorch.",
  ],
};

/**
 * Batch normalization of any rank >= 2.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var over all axes but the channels'
 *
 * **When to use.** Convolutional networks trained with some 16 samples or more per batch. For fewer, or
 * for batches that are not alike, see group norm.
 *
 * **Differs from PyTorch.** Any channel axis; masks; NaN and Infinity never enter the running statistics.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []. In evaluation without running statistics the batch's are used.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in
 *   training; ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const bn = batchNorm({ numFeatures: 3 });
 * const { params, state } = bn.init();
 * const { output, state: next } = bn.apply(random(1).normal([8, 3, 4, 4]), params, state);
 * const calm = bn.apply(output, params, next, { mode: evaluation });
 *
 * @see Ioffe and Szegedy, Batch Normalization, ICML 2015, arXiv 1502.03167.
 */
export const batchNorm: Norm<BatchNormOptions, BatchNormCondition> = defineNorm<
  BatchNormOptions,
  BatchNormCondition
>({
  card,
  options: { ...batchOptions, affine: flag(true) },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply: (x, params, state, options, { mode, condition, activation }) =>
    normalizeBatch(card.id, x, affineOf(params), {
      state,
      options,
      mode,
      activation,
      mask: condition?.mask,
    }),
});

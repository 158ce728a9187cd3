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

/** Options of `predictionTimeBatchNorm`, those of batch norm. */
export interface PredictionTimeBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "predictionTimeBatchNorm",
  name: "Prediction-time batch normalization",
  summary: "Batch norm that normalizes by the statistics of the batch in evaluation, too.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu^t_c}{\sqrt{(\sigma^t_c)^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Evaluating Prediction-Time Batch Normalization for Robustness under Covariate Shift",
    authors: "Nado, Padhy, Sculley, D'Amour, Lakshminarayanan, Snoek",
    year: 2020,
    arxiv: "2006.10963",
    code: "DequanWang/tent@e9e926a (norm.py)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "Running statistics are bookkeeping only. They move where the mode says update; the code moves them in every call.",
    "eps is the norm's own; the code replaces that of the model by 1e-5.",
  ],
};

/**
 * Prediction-time batch normalization of any rank >= 2: batch statistics in every mode.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var of the batch at hand, in evaluation too
 *
 * **When to use.** A network trained with batch norm meets test batches of another distribution (noise,
 * blur, another camera), in batches that hold all classes. Not for single samples, or batches of one class.
 *
 * **Differs from the paper.** Running statistics rest in evaluation, unless the mode says update.
 *
 * Parameters and state are batch norm's, so its checkpoints load: `weight`, `bias` [numFeatures];
 * `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in any mode;
 *   ValueError for statistics that are not finite where they are updated.
 *
 * @example
 * const norm = predictionTimeBatchNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const shifted = random(1).normal([8, 3, 4, 4], { mean: 5 });
 * const { output } = norm.apply(shifted, params, state, { mode: evaluation }); // mean 0, deviation 1
 *
 * @see Nado and others, Evaluating Prediction-Time Batch Normalization, 2020, arXiv 2006.10963.
 */
export const predictionTimeBatchNorm: Norm<PredictionTimeBatchNormOptions> =
  defineNorm<PredictionTimeBatchNormOptions>({
    card,
    options: { ...batchOptions, affine: flag(true) },
    init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
      params: initAffine([numFeatures], dtype, { affine }),
      state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
    }),
    fusesActivation: true,
    apply: (x, params, state, options, { mode, activation }) =>
      normalizeBatch(card.id, x, affineOf(params), {
        state,
        options,
        activation,
        mode: { ...mode, statistics: "batch" },
      }),
  });

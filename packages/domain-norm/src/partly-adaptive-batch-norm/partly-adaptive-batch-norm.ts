import { ones, zeros } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  defineNorm,
  flag,
  hasRunning,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
  standardMap,
  type Tensors,
  updateAverages,
} from "@evenkeel/norm-core";
import { targetStatistics } from "../test-time.ts";

/** Options of `partlyAdaptiveBatchNorm`, in PyTorch's vocabulary. */
export interface PartlyAdaptiveBatchNormOptions extends BatchOptions {
  /** Take the mean from the test batch. Default true. */
  readonly adaptMean?: boolean;
  /** Take the variance from the test batch. Default true. */
  readonly adaptVar?: boolean;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "partlyAdaptiveBatchNorm",
  name: "Partly adaptive batch normalization",
  summary: "In evaluation, takes the mean, the variance or both from the test batch.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c,\quad \mu \in \{\mu^s, \mu^t\},\ \sigma \in \{\sigma^s, \sigma^t\}`,
  paper: {
    title: "Improving Robustness against Common Corruptions by Covariate Shift Adaptation",
    authors: "Schneider, Rusak, Eck, Bringmann, Brendel, Bethge",
    year: 2020,
    venue: "NeurIPS",
    arxiv: "2006.16971",
    code: "bethgelab/robustness@0ef82b1 (PartlyAdaptiveBN)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    estimatedMean: "estimated_mean",
    estimatedVar: "estimated_var",
  },
  notes: [
    "The variance of the test batch is the unbiased one, and its statistics are constants for the gradient, as in the code.",
    "Training mode is batch norm; the code only wraps norms that are trained already.",
  ],
};

/**
 * Batch norm that in evaluation takes some of its statistics from the test batch, for any rank >= 2.
 *
 *     mean = batch mean if adaptMean, else runningMean
 *     var  = unbiased batch var if adaptVar, else runningVar
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * **When to use.** To see whether a shift is one of means or of spreads; to adapt to one of the two alone.
 *
 * **Differs from the paper.** Training mode is batch norm.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: batch norm's `runningMean`, `runningVar` [numFeatures]
 * and `numBatchesTracked` [], which evaluation never changes; `estimatedMean`, `estimatedVar` [numFeatures]
 * are those of the last test batch, kept where the mode says update.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel; ValueError
 *   for statistics that are not finite.
 *
 * @example
 * const norm = partlyAdaptiveBatchNorm({ numFeatures: 3, adaptVar: false });
 * const { params, state } = norm.init();
 * const { state: trained } = norm.apply(random(1).normal([16, 3, 4, 4]), params, state);
 * const shifted = random(2).normal([4, 3, 4, 4], { mean: 1 });
 * const { output } = norm.apply(shifted, params, trained, { mode: evaluation });
 *
 * @see Schneider and others, Improving Robustness against Common Corruptions, NeurIPS 2020, arXiv 2006.16971.
 */
export const partlyAdaptiveBatchNorm: Norm<PartlyAdaptiveBatchNormOptions> =
  defineNorm<PartlyAdaptiveBatchNormOptions>({
    card,
    options: {
      ...batchOptions,
      adaptMean: flag(true),
      adaptVar: flag(true),
      affine: flag(true),
    },
    init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
      params: initAffine([numFeatures], dtype, { affine }),
      state: trackRunningStats
        ? {
            ...initRunning(numFeatures, dtype),
            estimatedMean: zeros([numFeatures], { dtype }),
            estimatedVar: ones([numFeatures], { dtype }),
          }
        : {},
    }),
    fusesActivation: true,
    apply(x, params, state, options, { mode, activation }) {
      const affine = affineOf(params);
      if (mode.statistics === "batch" || !hasRunning(state)) {
        return normalizeBatch(card.id, x, affine, { state, options, mode, activation });
      }
      const { eps, adaptMean, adaptVar } = options;
      return normalizeBatch(card.id, x, affine, {
        state,
        options: { ...options, unbiasedRunningVar: true },
        mode,
        activation,
        map(source, given, planes) {
          const target = targetStatistics(card.id, x, planes, { unbiased: true, constant: true });
          const { mean } = adaptMean ? target : source;
          const { variance } = adaptVar ? target : source;
          return standardMap(mean, variance, eps, given);
        },
        update: ({ mean, variance }) =>
          estimated(state, { estimatedMean: mean, estimatedVar: variance }),
      });
    },
  });

/** The state with the batch's statistics in it; the source's, and their count, stay. */
function estimated(state: Tensors, batch: Tensors): Tensors {
  const { numBatchesTracked: _, ...uncounted } = state;
  return { ...state, ...updateAverages(card.id, uncounted, batch, 1) };
}

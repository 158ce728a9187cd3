import { add, mul } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  type BatchStatistics,
  batchOptions,
  type Card,
  defineNorm,
  flag,
  hasRunning,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
  type OptionRule,
  standardMap,
} from "@evenkeel/norm-core";
import { targetStatistics } from "../test-time.ts";

/** Options of `alphaBatchNorm`, in PyTorch's vocabulary. */
export interface AlphaBatchNormOptions extends BatchOptions {
  /** Weight of the source statistics in evaluation; the batch's get 1 minus it. Default 0.9. */
  readonly sourceWeight?: number;
  /** Mix in the batch's unbiased variance. Default true. */
  readonly targetVarUnbiased?: boolean;
  /** Let gradients through the batch's statistics in evaluation. Default false: they are constants. */
  readonly gradThroughStats?: boolean;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "alphaBatchNorm",
  name: "Alpha batch normalization (Bayesian)",
  summary: "In evaluation, mixes the running statistics of training with those of the test batch.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c,\quad \mu = a\mu^s + (1-a)\mu^t,\ \sigma^2 = a(\sigma^s)^2 + (1-a)(\sigma^t)^2`,
  paper: {
    title: "Improving Robustness against Common Corruptions by Covariate Shift Adaptation",
    authors: "Schneider, Rusak, Eck, Bringmann, Brendel, Bethge",
    year: 2020,
    venue: "NeurIPS",
    arxiv: "2006.16971",
    code: "bethgelab/robustness@0ef82b1 (BayesianBatchNorm)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "sourceWeight is the code's prior, N / (N + n) for a batch of n and N pseudo samples; other projects call the weight of the target alpha.",
    "Training mode is batch norm; the code only wraps norms that are trained already.",
    "gradThroughStats and a biased variance of the target are ours; the code has constants and the unbiased one.",
  ],
};

const fraction: OptionRule<number> = {
  fallback: 0.9,
  expected: "a number from 0 to 1",
  legal: (v) => typeof v === "number" && v >= 0 && v <= 1,
};

/**
 * Batch norm that in evaluation mixes source and target statistics, for any rank >= 2.
 *
 *     mean = a·runningMean + (1 − a)·batch mean        a: sourceWeight
 *     var  = a·runningVar  + (1 − a)·batch var
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * **When to use.** Test batches of another distribution that are too small, or hold too few classes, for
 * prediction-time batch norm: some a between 0 and 1 steadies their statistics.
 *
 * **Differs from the paper.** The weight is given directly, not by a number of pseudo samples.
 *
 * Parameters and state are batch norm's, so its checkpoints load: `weight`, `bias` [numFeatures];
 * `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` []. Training mode is batch norm;
 * evaluation never changes the state.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel; ValueError
 *   for statistics that are not finite.
 *
 * @example
 * const norm = alphaBatchNorm({ numFeatures: 3, sourceWeight: 0.7 });
 * const { params, state } = norm.init();
 * const { state: trained } = norm.apply(random(1).normal([16, 3, 4, 4]), params, state);
 * const shifted = random(2).normal([4, 3, 4, 4], { mean: 1 });
 * const { output } = norm.apply(shifted, params, trained, { mode: evaluation });
 *
 * @see Schneider and others, Improving Robustness against Common Corruptions, NeurIPS 2020, arXiv 2006.16971.
 * @see You, Li and Zhao, Test-time Batch Statistics Calibration, 2021, arXiv 2110.04065 (alpha-BN).
 */
export const alphaBatchNorm: Norm<AlphaBatchNormOptions> = defineNorm<AlphaBatchNormOptions>({
  card,
  options: {
    ...batchOptions,
    sourceWeight: fraction,
    targetVarUnbiased: flag(true),
    gradThroughStats: flag(false),
    affine: flag(true),
  },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const affine = affineOf(params);
    if (mode.statistics === "batch" || !hasRunning(state)) {
      return normalizeBatch(card.id, x, affine, { state, options, mode, activation });
    }
    const { eps, sourceWeight, targetVarUnbiased: unbiased, gradThroughStats } = options;
    return normalizeBatch(card.id, x, affine, {
      state,
      options,
      activation,
      mode: { statistics: "running", update: false },
      map(source, given, planes) {
        const constant = !gradThroughStats;
        const target = targetStatistics(card.id, x, planes, { unbiased, constant });
        const { mean, variance } = mixed(source, target, sourceWeight);
        return standardMap(mean, variance, eps, given);
      },
    });
  },
});

function mixed(source: BatchStatistics, target: BatchStatistics, share: number): BatchStatistics {
  return {
    mean: add(mul(share, source.mean), mul(1 - share, target.mean)),
    variance: add(mul(share, source.variance), mul(1 - share, target.variance)),
  };
}

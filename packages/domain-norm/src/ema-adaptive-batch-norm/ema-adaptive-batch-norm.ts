import { add, cast, mul, reciprocal, stopGradient, sub, type Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  type BatchStatistics,
  batchOptions,
  type Card,
  defineNorm,
  flag,
  fractionOrNull,
  hasRunning,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
  standardMap,
} from "@evenkeel/norm-core";
import { targetStatistics } from "../test-time.ts";

/** Options of `emaAdaptiveBatchNorm`, in PyTorch's vocabulary; `momentum` is null by default. */
export interface EmaAdaptiveBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "emaAdaptiveBatchNorm",
  name: "EMA-adaptive batch normalization",
  summary: "In evaluation, running statistics take in the test batch first and then normalize it.",
  tex: String.raw`\mu_k = \mu_{k-1} + \tfrac{1}{k}(\mu^t - \mu_{k-1}),\quad y = \gamma_c\,\frac{x - \mu_k}{\sqrt{\sigma_k^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Improving Robustness against Common Corruptions by Covariate Shift Adaptation",
    authors: "Schneider, Rusak, Eck, Bringmann, Brendel, Bethge",
    year: 2020,
    venue: "NeurIPS",
    arxiv: "2006.16971",
    code: "bethgelab/robustness@0ef82b1 (EMABatchNorm)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "The code resets the statistics before the first test batch; here a count of 0 does it, as the first batch then has weight 1.",
    "The next state is handed back where the mode says update; without it each batch is taken in for itself.",
    "Training mode is batch norm; the code only wraps norms that are trained already.",
  ],
};

/**
 * Batch norm that in evaluation averages over all test batches up to the one at hand, for any rank >= 2.
 *
 *     mean = runningMean + share·(batch mean − runningMean)        share: momentum, or 1 / number of batches
 *     var  = runningVar  + share·(batch var − runningVar)
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * **When to use.** A stream of small test batches from one distribution other than training's. With
 * momentum null, start it from parameters of a trained batch norm and fresh statistics: the source's are
 * dropped. With a momentum and the source's statistics it moves away from them step by step.
 *
 * **Differs from the paper.** It adapts where the mode says update: in evaluation with
 * `{ statistics: "running", update: true }`, in nn `pinned = { update: true }`.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel; ValueError
 *   for statistics that are not finite.
 *
 * @example
 * const norm = emaAdaptiveBatchNorm({ numFeatures: 3 });
 * let { params, state } = norm.init();
 * const mode = { statistics: "running", update: true } as const;
 * for (const seed of [1, 2, 3]) {
 *   const x = random(seed).normal([4, 3, 4, 4], { mean: 1 });
 *   ({ state } = norm.apply(x, params, state, { mode }));
 * }
 *
 * @see Schneider and others, Improving Robustness against Common Corruptions, NeurIPS 2020, arXiv 2006.16971.
 */
export const emaAdaptiveBatchNorm: Norm<EmaAdaptiveBatchNormOptions> =
  defineNorm<EmaAdaptiveBatchNormOptions>({
    card,
    options: { ...batchOptions, momentum: fractionOrNull(null), affine: flag(true) },
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
      const { eps, momentum, unbiasedRunningVar: unbiased } = options;
      const counted = stopGradient(add(state["numBatchesTracked"]!, 1));
      return normalizeBatch(card.id, x, affine, {
        state,
        options,
        mode,
        activation,
        map(before, given, planes) {
          const target = targetStatistics(card.id, x, planes, { unbiased, constant: true });
          const share = momentum ?? reciprocal(cast(counted, planes.mean.dtype));
          const { mean, variance } = moved(before, target, share);
          return standardMap(mean, variance, eps, given);
        },
      });
    },
  });

function moved(
  from: BatchStatistics,
  to: BatchStatistics,
  share: Tensor | number,
): BatchStatistics {
  const step = (a: Tensor, b: Tensor): Tensor => add(a, mul(share, sub(b, a)));
  return { mean: step(from.mean, to.mean), variance: step(from.variance, to.variance) };
}

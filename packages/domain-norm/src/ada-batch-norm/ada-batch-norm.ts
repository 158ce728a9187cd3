import {
  add,
  cast,
  mul,
  relu,
  scope,
  stopGradient,
  sub,
  type Tensor,
  zeros,
} from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  type BatchStatistics,
  batchOptions,
  type Card,
  checkFinite,
  defineNorm,
  flag,
  initAffine,
  initRunning,
  mergeAll,
  type Norm,
  normalizeBatch,
  oneOf,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";

export { type CollectOptions, collectStatistics } from "./collect.ts";

/** Options of `adaBatchNorm`, in PyTorch's vocabulary. */
export interface AdaBatchNormOptions extends BatchOptions {
  /**
   * How batches add up: "pooled", exact statistics of all samples seen; "cumulative", the average of the
   * batches'; "exponential", the moving average with `momentum`. Default "pooled".
   */
  readonly estimator?: "pooled" | "cumulative" | "exponential";
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "adaBatchNorm",
  name: "Adaptive batch normalization (AdaBN)",
  summary: "Batch norm whose running statistics are replaced by those of a target data set.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu^t_c}{\sqrt{(\sigma^t_c)^2 + \epsilon}} + \beta_c,\quad \mu^t, \sigma^t\ \text{over all target samples}`,
  paper: {
    title: "Revisiting Batch Normalization For Practical Domain Adaptation",
    authors: "Li, Wang, Shi, Liu, Hou",
    year: 2016,
    arxiv: "1603.04779",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    sampleCount: "sample_count",
  },
  notes: [
    "No official code was found; the numbers are those of an independent reference.",
    "In a network, each norm normalizes by the batch at hand while target statistics are collected; the paper does not say how deeper layers are fed.",
  ],
};

/**
 * Batch norm that collects exact statistics of a target domain, for any rank >= 2.
 *
 *     collecting (training mode):  n ← n + b,  mean and var of all n values seen, merged batch by batch
 *     evaluation:                  y = weight·(x − mean) / √(var + eps) + bias
 *
 * **When to use.** A network trained with batch norm, and a set of unlabelled samples of the domain that it
 * will work on. Load the trained parameters and statistics, run the samples once in training mode (see
 * `collectStatistics`), evaluate. Also for exact statistics of the training set itself.
 *
 * **Differs from the paper.** While statistics are collected, the batch at hand normalizes.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: batch norm's, and `sampleCount` [], the number of
 * values behind each statistic. At 0 the first batch replaces what is there; without any batch the source's
 * statistics stay.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel where
 *   statistics are collected; ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const norm = adaBatchNorm({ numFeatures: 3 });
 * let { params, state } = norm.init(); // or a trained batch norm's
 * for (const seed of [1, 2]) {
 *   const target = random(seed).normal([4, 3, 4, 4], { mean: 5 });
 *   ({ state } = norm.apply(target, params, state));
 * }
 * const { output } = norm.apply(random(3).normal([1, 3, 4, 4]), params, state, { mode: evaluation });
 *
 * @see Li and others, Revisiting Batch Normalization For Practical Domain Adaptation, 2016, arXiv 1603.04779.
 */
export const adaBatchNorm: Norm<AdaBatchNormOptions> = defineNorm<AdaBatchNormOptions>({
  card,
  options: {
    ...batchOptions,
    estimator: oneOf(["pooled", "cumulative", "exponential"], "pooled"),
    affine: flag(true),
  },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats
      ? { ...initRunning(numFeatures, dtype), sampleCount: zeros([], { dtype }) }
      : {},
  }),
  fusesActivation: true,
  apply: (x, params, state, options, { mode, activation }) =>
    normalizeBatch(card.id, x, affineOf(params), {
      state,
      options,
      mode,
      activation,
      update: (batch) => collected(state, batch, x.size / options.numFeatures, options),
    }),
});

/** The state after `count` more values per channel. */
function collected(
  state: Tensors,
  batch: BatchStatistics,
  count: number,
  { estimator, momentum, unbiasedRunningVar }: Required<AdaBatchNormOptions>,
): Tensors {
  if (!state["sampleCount"]) return state;
  return scope(() => {
    const seen = stopGradient(state["sampleCount"]!);
    const share = estimator === "exponential" ? momentum : null;
    const averaged = updateRunning(card.id, state, batch, share);
    const next = { ...averaged, sampleCount: add(seen, count) };
    if (estimator !== "pooled") return next;
    return { ...next, ...pooled(state, seen, batch, count, unbiasedRunningVar ? 1 : 0) };
  });
}

/** Mean and variance of all values, the state's and the batch's; `less` is 1 for unbiased variances. */
function pooled(
  { runningMean, runningVar }: Tensors,
  seen: Tensor,
  batch: BatchStatistics,
  count: number,
  less: number,
): Tensors {
  const { dtype } = batch.mean;
  const constant = (t: Tensor): Tensor => cast(stopGradient(t), dtype);
  const n = constant(seen);
  const before = mul(constant(runningVar!), relu(sub(n, less)));
  const all = mergeAll([
    { count: n, mean: constant(runningMean!), m2: before },
    {
      count,
      mean: stopGradient(batch.mean),
      m2: mul(stopGradient(batch.variance), count - less),
    },
  ]);
  const next = {
    runningMean: cast(all.mean, runningMean!.dtype),
    runningVar: cast(less ? unbiasedVariance(all) : variance(all), runningVar!.dtype),
  };
  checkFinite(card.id, "running mean", next.runningMean);
  checkFinite(card.id, "running variance", next.runningVar);
  return next;
}

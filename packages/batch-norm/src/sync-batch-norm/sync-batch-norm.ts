import { fail, mul, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  countSamples,
  defineNorm,
  flag,
  hasRunning,
  initAffine,
  initRunning,
  type Moments,
  merge,
  type Norm,
  normalizeBatch,
  oneOf,
  variance,
} from "@evenkeel/norm-core";
import { momentsOfParts, segmentsOf } from "../parts.ts";
import { type AllReduce, momentsOfAll } from "./all-reduce.ts";

export { type AllReduce, sharedAllReduce } from "./all-reduce.ts";

/** Options of `syncBatchNorm`, in PyTorch's vocabulary. */
export interface SyncBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Replicas count by their number of values (PyTorch), or all alike (detectron2). Default "count". */
  readonly weighting?: "count" | "equal";
}

/** Where the other replicas are. */
export interface SyncBatchNormCondition {
  /** Samples of each replica, where x holds several, one after the other. Default: x is one replica's. */
  readonly replicas?: readonly number[] | undefined;
  /** Adds up over replicas in other places, each of which calls the norm with x of its own. */
  readonly allReduce?: AllReduce | undefined;
}

const card: Card = {
  id: "syncBatchNorm",
  name: "Synchronized batch normalization",
  summary: "Batch norm by the statistics of all replicas of a model that is trained in parallel.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c,\quad n = \sum_r n_r,\ \mu = \tfrac1n\sum_r n_r\mu_r,\ \sigma^2 = \tfrac1n\sum_r\big(M_{2,r} + n_r(\mu_r - \mu)^2\big)`,
  paper: {
    title: "MegDet: A Large Mini-Batch Object Detector",
    authors: "Peng, Xiao, Li, Jiang, Zhang, Jia, Yu, Sun",
    year: 2018,
    venue: "CVPR",
    arxiv: "1711.07240",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "weighting count is torch.nn.SyncBatchNorm: batch norm of all replicas' samples together.",
    "weighting equal is detectron2's NaiveSyncBatchNorm: replicas count alike, and the biased variance is stored.",
  ],
};

/**
 * Synchronized batch normalization of any rank >= 2.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias      mean, var of all replicas' samples
 *
 * Replicas hand on counts, means and M2, which merge exactly. `allReduce` is called twice in a forward and
 * twice in its backward, by every replica alike; the gradients of weight and bias stay each replica's own.
 *
 * **When to use.** Training in parallel with few samples per replica, as detection does. Where x holds all
 * replicas and they count by their values, it is batch norm.
 *
 * **Differs from PyTorch.** Any channel axis; replicas may be parts of one batch. A replica in a place of its
 * own needs at least one sample.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []; the same on all replicas. Evaluation asks nobody.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, replicas that are not x's samples, or one
 *   value per channel in all of them; ValueError for statistics that are not finite; EvenkeelError for an
 *   `allReduce` on a backend whose memory is not in the process. State is never half-updated.
 *
 * @example
 * const norm = syncBatchNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([5, 3, 4, 4]); // 2 samples of one replica, 3 of another
 * const { output } = norm.apply(x, params, state, { condition: { replicas: [2, 3] } });
 *
 * @see Peng and others, MegDet, CVPR 2018, arXiv 1711.07240.
 */
export const syncBatchNorm: Norm<SyncBatchNormOptions, SyncBatchNormCondition> = defineNorm<
  SyncBatchNormOptions,
  SyncBatchNormCondition
>({
  card,
  options: { ...batchOptions, affine: flag(true), weighting: oneOf(["count", "equal"], "count") },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition = {}, activation }) {
    const equal = options.weighting === "equal";
    const { unbiasedRunningVar: unbiased } = options;
    const needed = mode.update || mode.statistics === "batch" || !hasRunning(state);
    const replicas = needed ? replicasOf(x, options, condition.replicas) : [];
    return normalizeBatch(card.id, x, affineOf(params), {
      ...{ state, mode, activation, perSample: equal },
      options: { ...options, unbiasedRunningVar: unbiased && !equal },
      batch(planes) {
        const parts = equal ? alike(momentsOfParts(planes, segmentsOf(replicas, 1))) : planes;
        const local = merge(parts, { axes: 0 });
        const values = x.size / options.numFeatures;
        const { moments, total } = momentsOfAll(local, values, condition.allReduce);
        return { count: total, mean: moments.mean, m2: mul(total, variance(moments)) };
      },
    });
  },
});

/** Samples of each replica in x, none of them empty. */
function replicasOf(
  x: Tensor,
  options: Required<SyncBatchNormOptions>,
  given: readonly number[] | undefined,
): readonly number[] {
  const samples = countSamples(card.id, x, options);
  if (!given) return [samples];
  const whole = given.every((n) => Number.isInteger(n) && n >= 0);
  if (whole && given.reduce((sum, n) => sum + n, 0) === samples) return given.filter((n) => n > 0);
  return fail(
    {
      where: `${card.id} replicas`,
      expected: `numbers of samples that make ${samples} together`,
      got: `${showShape(given)} for x of shape ${showShape(x.shape)}`,
    },
    ShapeError,
  );
}

/** Parts that count once each. */
function alike(parts: Moments): Moments {
  return { count: 1, mean: parts.mean, m2: variance(parts) };
}

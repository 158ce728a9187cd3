import {
  add,
  broadcastTo,
  matmul,
  mean as meanOf,
  mul,
  rsqrt,
  sub,
  type Tensor,
  tensor,
} from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  type BatchStatistics,
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
  type PlaneMap,
  type Tensors,
} from "@evenkeel/norm-core";
import { blocksOf, type TaskBalancedBatchNormCondition } from "./blocks.ts";

export { numTaskSplits, type TaskBalancedBatchNormCondition } from "./blocks.ts";

/** Options of `taskBalancedBatchNorm`, in PyTorch's vocabulary. */
export interface TaskBalancedBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "taskBalancedBatchNorm",
  name: "Task-balanced batch normalization",
  summary:
    "Batch norm in which samples of the current task share a batch with those of memory in equal parts per task.",
  tex: String.raw`y_n = \gamma_c\,\frac{x_n - \mu^j_c}{\sqrt{(\sigma^j_c)^2 + \epsilon}} + \beta_c,\quad j = n \bmod r;\qquad y_m = \frac1r\sum_j y^j_m`,
  paper: {
    title: "Rebalancing Batch Normalization for Exemplar-based Class-Incremental Learning",
    authors: "Cha, Cho, Hwang, Hong, Lee, Moon",
    year: 2023,
    venue: "CVPR",
    arxiv: "2201.12559",
    code: "csm9493/TaskBalancedBN@c4a939c (src/networks/tbbn.py)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "Each call says which samples are from memory; the published layer counts them by the batch sizes and the ratio that it was made with.",
    "The number of blocks follows from the samples of the batch at hand, by the published rule; the published training loop skips batches of other sizes.",
    "One value per channel in training is an error; the published layer then stores NaN.",
  ],
};

/**
 * Task-balanced batch normalization of any rank >= 2.
 *
 *     block j = every r-th sample of the current task, from the j-th on, and all of memory      j = 0 … r − 1
 *     current sample n:   y = weight·(x − mean[j]) / √(var[j] + eps) + bias                     j = n mod r
 *     memory sample:      the mean over all blocks of the same
 *     running ← (1 − momentum)·running + momentum·(mean over all blocks)
 *
 * **When to use.** Class-incremental learning with a memory, where most of a batch is of the current task and
 * would by itself determine the statistics. In each block memory and current task are as 'tasks seen : 1'.
 *
 * **Differs from the paper.** We follow the published code, whose number of blocks comes from a rule and
 * not from a table. The abstract says that the affine is trained in balance, too; in the code memory samples
 * count as often as others in its gradient.
 *
 * Parameters: `weight`, `bias` [numFeatures] (with affine). State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []. Condition: `task`, and `memory`, which evaluation does not need.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per statistic in training;
 *   ValueError for no or an impossible task, other than one flag per sample, and for statistics that are
 *   not finite. State is never half-updated.
 *
 * @example
 * const bn = taskBalancedBatchNorm({ numFeatures: 3 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([8, 3, 4, 4]); // 6 samples of the third task, 2 from memory
 * const condition = { task: 2, memory: [0, 0, 0, 0, 0, 0, 1, 1] };
 * const { output, state: next } = bn.apply(x, params, state, { condition });
 *
 * @see Cha and others, Rebalancing Batch Normalization, CVPR 2023, arXiv 2201.12559.
 */
export const taskBalancedBatchNorm: Norm<
  TaskBalancedBatchNormOptions,
  TaskBalancedBatchNormCondition
> = defineNorm<TaskBalancedBatchNormOptions, TaskBalancedBatchNormCondition>({
  card,
  options: { ...batchOptions, affine: flag(true) },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    const samples = countSamples(card.id, x, options);
    const inputs = affineOf(params);
    const call = { state, options, mode, activation };
    const byBatch = mode.statistics === "batch";
    const balanced = byBatch || (mode.update && hasRunning(state));
    const blocks = balanced ? blocksOf(card.id, condition, samples) : [];
    if (blocks.length < 2) return normalizeBatch(card.id, x, inputs, call);
    return normalizeBatch(card.id, x, inputs, {
      ...{ ...call, perSample: true },
      batch: (planes) => momentsOfBlocks(planes, blocks),
      ...(byBatch && { map: (own, affine) => blockMap(own, options, affine, blocks) }),
    });
  },
});

/** The moments of each block, [blocks, channels]. */
function momentsOfBlocks({ count, mean, m2 }: Moments, blocks: readonly Float64Array[]): Moments {
  const [samples, channels] = mean.shape as [number, number];
  const shape = [blocks.length, samples, channels];
  const members = blocks.flatMap((block) => Array.from(block, (share) => (share > 0 ? 1 : 0)));
  const each = tensor(members, { shape: [blocks.length, samples, 1], dtype: mean.dtype });
  const parts = { count, mean: broadcastTo(mean, shape), m2: broadcastTo(m2, shape) };
  return merge(parts, { axes: 1, keepDims: false, weights: broadcastTo(each, shape) });
}

/**
 * The map of each sample, with its share a_j in the statistics of every block:
 *
 *     y = Σ_j a_j·(x − mean_j)·scale_j = S·(x − center) + Σ_j a_j·(center − mean_j)·scale_j
 *     S = Σ_j a_j·scale_j     center = Σ_j a_j·mean_j
 */
function blockMap(
  { mean, variance }: BatchStatistics,
  { eps }: Required<BatchOptions>,
  affine: Tensors,
  blocks: readonly Float64Array[],
): PlaneMap {
  const samples = blocks[0]!.length;
  const shares = tensor(
    Array.from({ length: samples }, (_, n) => blocks.map((block) => block[n]!)).flat(),
    { shape: [samples, blocks.length], dtype: mean.dtype },
  );
  const each = rsqrt(add(variance, eps));
  // About the mean of the means, so that an offset of all costs no digits.
  const origin = meanOf(mean, { axes: 0, keepDims: true });
  const offset = sub(mean, origin);
  const [scale, apart] = [matmul(shares, each), matmul(shares, offset)];
  const shift = sub(mul(scale, apart), matmul(shares, mul(each, offset)));
  const weighted = (t: Tensor): Tensor => (affine["weight"] ? mul(t, affine["weight"]) : t);
  return {
    center: add(origin, apart),
    scale: weighted(scale),
    shift: affine["bias"] ? add(weighted(shift), affine["bias"]) : weighted(shift),
  };
}

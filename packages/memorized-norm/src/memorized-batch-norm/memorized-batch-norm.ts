import type { Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  axis,
  batchPlanes,
  type Card,
  castAll,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  initAffine,
  type Moments,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  oneOf,
  type PlaneRule,
  planeSize,
  standardMap,
  statisticsDType,
  type Tensors,
} from "@evenkeel/norm-core";
import { checkRemembered, initMemory, joined, memoryOf, remember, withBatch } from "./memory.ts";

export { doubleForward, type Stateful } from "./double-forward.ts";

/** Options of `memorizedBatchNorm`; those that batch norm has too are called as there. */
export interface MemorizedBatchNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** How many earlier batches count besides the current one. Default 3. */
  readonly memorySize?: number;
  /** Weight of a batch beside that of the next newer one, from 0 to 1. Default 0.9. */
  readonly decay?: number;
  /**
   * The variance of several batches: the average of theirs, or that of all their values pooled, which
   * counts the differences of their means, too. Default "average".
   */
  readonly varianceRule?: "average" | "pooled";
  /** Training batches that are normalized by their own statistics at first. Default 0. */
  readonly burnIn?: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "memorizedBatchNorm",
  name: "Memorized batch normalization",
  summary: "Batch norm by the weighted statistics of the last few batches, in evaluation too.",
  tex: String.raw`y = \gamma_c\,\frac{x - \sum_j \alpha_j\mu_j}{\sqrt{\sum_j \alpha_j\sigma_j^2 + \epsilon}} + \beta_c,\quad \alpha_j \propto \lambda^j`,
  paper: {
    title: "Double Forward Propagation for Memorized Batch Normalization",
    authors: "Guo, Wu, Deng, Chen, Tan",
    year: 2018,
    venue: "AAAI",
    arxiv: "2010.04947",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    memoryMean: "memory_mean",
    memoryVar: "memory_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "There is no published code, and we could not read more of the paper than its abstract and the head of its algorithm: how entries are weighted (decay), how variances are joined (varianceRule) and what is differentiated (the current batch only) is our definition.",
    "burnIn is ours.",
  ],
};

/**
 * Batch normalization by the last few batches together, the newest weighing most.
 *
 *     a(j) = decay^j / Σ decay^i           j = 0 is the batch itself, j = 1 the one before, …
 *     mean = Σ a(j)·mean(j)                var = Σ a(j)·var(j), or that of the weighted pool
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * In evaluation the stored batches take the place of all, the newest with j = 0.
 *
 * **When to use.** Small batches, with a small learning rate: what is stored is as old as the weights that
 * made it. `doubleForward` makes the newest entry anew after each update.
 *
 * **Differs from the paper.** Weights of the entries, the variance rule and the gradient are our definition.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `memoryMean`, `memoryVar` [memorySize, numFeatures],
 * newest first and filled up to the smaller of `memorySize` and `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel where the
 *   variance is averaged; ValueError for statistics that are not finite, and in evaluation before any batch.
 *
 * @example
 * const mbn = memorizedBatchNorm({ numFeatures: 3, memorySize: 4 });
 * const { params, state } = mbn.init();
 * const { output, state: next } = mbn.apply(random(1).normal([2, 3, 4, 4]), params, state);
 * const calm = mbn.apply(output, params, next, { mode: evaluation });
 *
 * @see Guo et al., Double Forward Propagation for Memorized Batch Normalization, AAAI 2018, arXiv 2010.04947.
 */
export const memorizedBatchNorm: Norm<MemorizedBatchNormOptions> =
  defineNorm<MemorizedBatchNormOptions>({
    card,
    options: {
      numFeatures: count(),
      memorySize: count(3),
      decay: {
        fallback: 0.9,
        expected: "a number from 0 to 1",
        legal: (v) => typeof v === "number" && v >= 0 && v <= 1,
      },
      varianceRule: oneOf(["average", "pooled"], "average"),
      burnIn: {
        fallback: 0,
        expected: "a whole number >= 0",
        legal: (v) => v === 0 || count().legal(v),
      },
      eps: nonNegative(1e-5),
      affine: flag(true),
      channelAxis: axis(1),
    },
    init: ({ numFeatures, memorySize, affine }, dtype) => ({
      params: initAffine([numFeatures], dtype, { affine }),
      state: initMemory(memorySize, numFeatures, dtype),
    }),
    fusesActivation: true,
    apply(x, params, state, options, { mode, activation }) {
      const layout = batchPlanes(x.shape, checkInput(card.id, x, options));
      const affine = affineOf(params);
      const planes = { layout, activation };
      if (mode.statistics === "batch" || mode.update) checkCount(x, planeSize(layout), options);
      const next = (batch: Moments): Tensors =>
        mode.update ? remember(card.id, state, batch) : state;
      if (mode.statistics === "running") {
        checkRemembered(card.id, state);
        const dtype = statisticsDType(x);
        const { mean, variance } = joined(memoryOf(state, dtype), options);
        const map = standardMap(mean, variance, options.eps, castAll(affine, dtype));
        const output = affinePlanes(x, map, planes);
        return { output, state: mode.update ? next(momentsOfPlanes(x, layout)) : state };
      }
      const rule = (batch: Moments, given: Tensors): PlaneRule<Moments> => {
        const { mean, variance } = joined(withBatch(batch, state, options.burnIn), options);
        return { ...standardMap(mean, variance, options.eps, given), aux: batch };
      };
      const { output, aux } = normalizePlanes(x, affine, rule, planes);
      return { output, state: next(aux) };
    },
  });

/** The variance of one value says nothing, but several batches have one together. */
function checkCount(
  x: Tensor,
  size: number,
  { varianceRule }: Required<MemorizedBatchNormOptions>,
): void {
  if (varianceRule === "pooled") return;
  checkMoreThanOne(card.id, x, size, 'Use larger batches, or varianceRule "pooled".');
}

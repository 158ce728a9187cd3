import { cast, type Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  axis,
  batchPlanes,
  type Card,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  fractionOrNull,
  hasRunning,
  initAffine,
  initRunning,
  type Masked,
  type Moments,
  maskedPlanes,
  merge,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  planeSize,
  runningMap,
  standardMap,
  statisticsDType,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";

/** Options of `batchNorm`, in PyTorch's vocabulary. */
export interface BatchNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics; null averages over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Keep running statistics; without them evaluation uses the batch's. Default true. */
  readonly trackRunningStats?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
  /** Store the unbiased variance, as PyTorch; false stores the biased one, as Keras. Default true. */
  readonly unbiasedRunningVar?: boolean;
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
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    momentum: fractionOrNull(0.1),
    affine: flag(true),
    trackRunningStats: flag(true),
    channelAxis: axis(1),
    unbiasedRunningVar: flag(true),
  },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  apply(x, params, state, options, { mode, condition }) {
    const { eps, momentum, unbiasedRunningVar } = options;
    const channelAxis = checkInput(card.id, x, options);
    const byRunning = mode.statistics === "running" && hasRunning(state);
    const update = (batch: Moments): Tensors => {
      const spread = unbiasedRunningVar ? unbiasedVariance(batch) : variance(batch);
      return updateRunning(card.id, state, { mean: batch.mean, variance: spread }, momentum);
    };
    if (byRunning) {
      const map = runningMap(card.id, state, eps, params, statisticsDType(x));
      const output = affinePlanes(x, map, { layout: batchPlanes(x.shape, channelAxis) });
      if (!mode.update) return { output, state };
      const view = viewOf(x, channelAxis, condition?.mask);
      return { output, state: update(joined(momentsOfPlanes(view.x, view.layout), view)) };
    }
    const view = viewOf(x, channelAxis, condition?.mask);
    if (mode.statistics === "batch" && !view.weights) {
      checkMoreThanOne(card.id, x, planeSize(view.layout), hint);
    }
    const { output, aux } = normalizePlanes(
      view.x,
      affineOf(params),
      (planes, affine) => {
        const all = joined(planes, view);
        return { ...standardMap(all.mean, variance(all), eps, affine), aux: all };
      },
      { layout: view.layout },
    );
    return { output: view.restore(output), state: mode.update ? update(aux) : state };
  },
});

const hint = "Use larger batches, evaluation mode, or group norm.";

type View = Omit<Masked, "weights"> & { readonly weights?: Tensor };

function viewOf(x: Tensor, channelAxis: number, mask: Tensor | undefined): View {
  if (mask) return maskedPlanes(card.id, x, channelAxis, mask);
  return { x, layout: batchPlanes(x.shape, channelAxis), restore: (y) => y };
}

/** The batch's moments: the planes' own, or with a mask those of the parts that count. */
function joined(planes: Moments, { weights }: View): Moments {
  return weights ? merge(planes, { axes: 0, weights: cast(weights, planes.mean.dtype) }) : planes;
}

import { mean, type Tensor } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  axis,
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
  type Moments,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  normalizePlanes,
  planeSize,
  runningMap,
  samplePlanes,
  samplesFirst,
  standardMap,
  statisticsDType,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";

/** Options of `instanceNorm`, in PyTorch's vocabulary and with PyTorch's defaults. */
export interface InstanceNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics; null averages over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias per channel. Default false. */
  readonly affine?: boolean;
  /** Keep running statistics and evaluate with them. Default false. */
  readonly trackRunningStats?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
  /** Store the unbiased variance, as PyTorch. Default true. */
  readonly unbiasedRunningVar?: boolean;
}

const card: Card = {
  id: "instanceNorm",
  name: "Instance normalization",
  summary: "Standardizes each channel of each sample by its own mean and variance over space.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_{n,c}}{\sqrt{\sigma_{n,c}^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Instance Normalization: The Missing Ingredient for Fast Stylization",
    authors: "Ulyanov, Vedaldi, Lempitsky",
    year: 2016,
    arxiv: "1607.08022",
    code: "torch.nn.InstanceNorm2d (PyTorch 1.13)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "Defaults are PyTorch's for instance norm: no affine, no running statistics.",
    "numBatchesTracked counts batches; in PyTorch it stays 0.",
    "A wrong channel count is always an error; PyTorch accepts it without affine and tracking.",
  ],
};

/**
 * Instance normalization of any rank >= 3.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var per sample and channel, over space
 *
 * **When to use.** Style transfer and image generation, where each image's contrast should go.
 *
 * **Differs from PyTorch.** Any channel axis; `numBatchesTracked` counts.
 *
 * Parameters with affine: `weight`, `bias` [numFeatures]. State with tracking: `runningMean`, `runningVar`
 * [numFeatures], averages of the samples' statistics, and `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank or channel count, an empty batch, or one value per channel and
 *   sample; ValueError for statistics that are not finite.
 *
 * @example
 * const norm = instanceNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const { output } = norm.apply(random(1).normal([2, 3, 4, 4]), params, state);
 *
 * @see Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016, arXiv 1607.08022.
 */
export const instanceNorm: Norm<InstanceNormOptions> = defineNorm<InstanceNormOptions>({
  card,
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    momentum: fractionOrNull(0.1),
    affine: flag(false),
    trackRunningStats: flag(false),
    channelAxis: axis(1),
    unbiasedRunningVar: flag(true),
  },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  apply(x, params, state, options, { mode }) {
    const { eps, momentum, unbiasedRunningVar } = options;
    const first = samplesFirst(x, checkInput(card.id, x, options));
    const layout = samplePlanes(first.x.shape, first.axis);
    const update = (planes: Moments): Tensors => {
      const spread = unbiasedRunningVar ? unbiasedVariance(planes) : variance(planes);
      const average = (t: Tensor): Tensor => mean(t, { axes: 0 });
      const batch = { mean: average(planes.mean), variance: average(spread) };
      return updateRunning(card.id, state, batch, momentum);
    };
    if (mode.statistics === "running" && hasRunning(state)) {
      const map = runningMap(card.id, state, eps, params, statisticsDType(x));
      const output = first.restore(affinePlanes(first.x, map, { layout }));
      return { output, state: mode.update ? update(momentsOfPlanes(first.x, layout)) : state };
    }
    checkMoreThanOne(card.id, x, planeSize(layout), "It needs at least one axis of space.");
    const { output, aux } = normalizePlanes(
      first.x,
      affineOf(params),
      (planes, affine) => ({
        ...standardMap(planes.mean, variance(planes), eps, affine),
        aux: planes,
      }),
      { layout },
    );
    return { output: first.restore(output), state: mode.update ? update(aux) : state };
  },
});

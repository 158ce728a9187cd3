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

/** Options of `instanceNorm`, in PyTorch's vocabulary and with PyTorch's defaults. */
export interface InstanceNormOptions extends Omit<BatchOptions, "trackRunningStats"> {
  /** Learn a weight and a bias per channel. Default false. */
  readonly affine?: boolean;
  /** Keep running statistics and evaluate with them. Default false. */
  readonly trackRunningStats?: boolean;
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
  options: { ...batchOptions, affine: flag(false), trackRunningStats: flag(false) },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply: (x, params, state, options, { mode, activation }) =>
    normalizeBatch(card.id, x, affineOf(params), {
      state,
      options,
      mode,
      activation,
      perSample: true,
      apart: true,
    }),
});

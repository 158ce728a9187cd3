import {
  type BatchOptions,
  batchOptions,
  type Card,
  defineNorm,
  initRunning,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";

/** Options of `lastBatchNorm`, in PyTorch's vocabulary; numFeatures is the number of classes. */
export type LastBatchNormOptions = BatchOptions;

const card: Card = {
  id: "lastBatchNorm",
  name: "Last batch normalization",
  summary:
    "Standardizes each class's logit over the batch, right before the loss; there is no affine.",
  tex: String.raw`z_k = \frac{x_k - \mu_k}{\sqrt{\sigma_k^2 + \epsilon}}`,
  paper: {
    title: "MimicNorm: Weight Mean and Last BN Layer Mimic the Dynamic of Batch Normalization",
    authors: "Fei, Dai, Li, Zou, Xiong",
    year: 2020,
    arxiv: "2010.09278",
    code: "Kid-key/MimicNorm",
  },
  keys: {
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: ["One sample in training is an error, as in PyTorch: its logits would all be 0."],
};

/**
 * The last batch norm of MimicNorm: the logits of a batch, each class standardized.
 *
 *     z = (x − mean) / √(var + eps)        mean, var of each class over the batch
 *
 * **When to use.** As the last layer, right before softmax cross-entropy, in a network without other norms whose
 * weights are centered: see `centerWeights`. Not with sorted or tiny batches: the loss cannot tell a batch of one
 * class from any other.
 *
 * **Differs from the paper.** Nothing: `BatchNorm1d(numClasses, affine=False)`, on inputs of any rank >= 2.
 *
 * Parameters: none. State: `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, number of classes, an empty batch, or one sample in training; ValueError
 *   for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const last = lastBatchNorm({ numFeatures: 10 });
 * const { params, state } = last.init();
 * const { output, state: next } = last.apply(random(1).normal([32, 10]), params, state);
 *
 * @see Fei, Dai, Li, Zou and Xiong, 2020, arXiv 2010.09278, section 3.
 */
export const lastBatchNorm: Norm<LastBatchNormOptions> = defineNorm<LastBatchNormOptions>({
  card,
  options: batchOptions,
  init: ({ numFeatures, trackRunningStats }, dtype) => ({
    params: {},
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply: (x, _params, state, options, { mode, activation }) =>
    normalizeBatch(card.id, x, {}, { state, options, mode, activation }),
});

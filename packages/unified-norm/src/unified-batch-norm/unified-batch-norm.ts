import { ones, relu, reshape, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  type BatchCall,
  type BatchOptions,
  type BatchStatistics,
  batchOptions,
  type Card,
  calibratedMap,
  centeredPlanes,
  checkInput,
  defineNorm,
  initRunning,
  type Mode,
  merge,
  type Norm,
  normalizeBatch,
  type Tensors,
} from "@evenkeel/norm-core";
import { checkKernel, type Rectifications, rectificationRules } from "./options.ts";
import {
  checkImages,
  condensedOf,
  convolveChannels,
  identityTaps,
  nextStatistics,
  usedStatistics,
} from "./parts.ts";

export { featureSimilarity } from "./feature-similarity.ts";
export type { Rectifications } from "./options.ts";

/** Options of `unifiedBatchNorm`, in PyTorch's vocabulary. */
export interface UnifiedBatchNormOptions
  extends Omit<BatchOptions, "trackRunningStats">,
    Rectifications {}
type Checked = Required<UnifiedBatchNormOptions>;

const card: Card = {
  id: "unifiedBatchNorm",
  name: "Unified batch normalization",
  summary:
    "Batch norm that leaves out batches of too similar features, with centering, a gate and a convolution as affine.",
  tex: String.raw`y = W_c * \big(\hat x\,\sigma(w^s_c\,\bar{\hat x}_{n,c} + b^s_c)\big) + \beta_c,\quad \hat x = \mathrm{BN}(x + w^m_c\,\bar x_{n,c})\ \text{by running statistics where}\ \cos(x) > \tau`,
  paper: {
    title:
      "Unified Batch Normalization: Identifying and Alleviating the Feature Condensation in Batch Normalization and a Unified Framework",
    authors: "Wang, Zhang, Liu, Yan",
    year: 2023,
    arxiv: "2311.15993",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    centerWeight: "center_weight",
    scaleWeight: "scale_weight",
    scaleBias: "scale_bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    numCondensed: "num_condensed",
  },
  notes: [
    "There is no published code, and the paper's equations could not be read: this is our reading of its two stages, every part an option.",
    "The threshold has no default: the paper's value is not known to us.",
    "The affine starts as the identity; BNET, from which it is, starts it at random.",
  ],
};

const { trackRunningStats: _, ...runningOptions } = batchOptions;

/**
 * Unified batch normalization of any rank >= 2, with an affine of more than one tap of images only.
 *
 *     xc = x + centerWeight·K                                      K: each sample's mean per channel
 *     xs = (xc − mean) / √(var + eps)                              of the batch; running ones where it is condensed
 *     z  = xs·sigmoid(scaleWeight·Ks + scaleBias)                  Ks: each sample's mean of xs
 *     y  = weight ∗ z + bias                                       depthwise, zeros around
 *
 * **When to use.** To try, in batch norm's place, what the parts that it unites do together or one by one. The
 * convolution costs as much as any depthwise one and is where most of the gain was in a pilot in PyTorch.
 *
 * **Differs from the paper.** We could read its abstract only; see the page for what is its and what is ours.
 *
 * Parameters: `weight` [numFeatures, affineKernel, affineKernel], `bias` [numFeatures]; `centerWeight` with
 * centering; `scaleWeight`, `scaleBias` with scaling. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` [], and `numCondensed` [], how many batches in a row were condensed: if it keeps
 * growing, the threshold is too low.
 *
 * @throws OptionError for an even kernel; ShapeError for a wrong rank, channel count, an empty batch, or
 *   one value per channel in training; ValueError for statistics that are not finite. State is never
 *   half-updated.
 *
 * @example
 * const ubn = unifiedBatchNorm({ numFeatures: 3, condensationThreshold: 0.9 });
 * const { params, state } = ubn.init();
 * const { output, state: next } = ubn.apply(random(1).normal([8, 3, 6, 6]), params, state);
 *
 * @see Wang, Zhang, Liu and Yan, Unified Batch Normalization, arXiv 2311.15993.
 */
export const unifiedBatchNorm: Norm<UnifiedBatchNormOptions> = defineNorm<UnifiedBatchNormOptions>({
  card,
  options: { ...runningOptions, ...rectificationRules },
  check: ({ affineKernel }) => checkKernel(card.id, affineKernel),
  init: ({ numFeatures, affineKernel: side, centering, scaling }, dtype) => ({
    params: {
      weight: identityTaps(numFeatures, side, dtype),
      bias: zeros([numFeatures], { dtype }),
      ...(centering && { centerWeight: zeros([numFeatures], { dtype }) }),
      ...(scaling && { scaleWeight: zeros([numFeatures], { dtype }) }),
      ...(scaling && { scaleBias: ones([numFeatures], { dtype }) }),
    },
    state: { ...initRunning(numFeatures, dtype), numCondensed: zeros([], { dtype }) },
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const axis = checkInput(card.id, x, options);
    const { weight, bias, ...calibration } = params as { weight: Tensor; bias: Tensor } & Tensors;
    const condensed = condensedOf(x, axis, state, options, mode);
    const call = { ...callOf(state, options, mode, condensed), state, mode };
    if (options.affineKernel === 1) {
      const inputs = { ...calibration, weight: reshape(weight, [options.numFeatures]), bias };
      return normalizeBatch(card.id, x, inputs, { ...call, activation });
    }
    checkImages(card.id, x);
    const { output, state: next } = normalizeBatch(card.id, x, calibration, call);
    const convolved = convolveChannels(output, axis, { weight, bias });
    return { output: activation ? relu(convolved) : convolved, state: next };
  },
});

/** What a batch norm has to do otherwise. */
function callOf(
  state: Tensors,
  options: Checked,
  { statistics }: Mode,
  condensed: Tensor | undefined,
): Pick<BatchCall<Tensors>, "options" | "perSample" | "batch" | "map" | "update"> {
  const { centering, scaling, eps, momentum, condensedByRunning } = options;
  const replaced =
    condensed && condensedByRunning && statistics === "batch" ? condensed : undefined;
  const used = (own: BatchStatistics): BatchStatistics =>
    replaced ? usedStatistics(card.id, own, state, replaced) : own;
  const bySample = centering || scaling;
  return {
    options: { ...options, trackRunningStats: true },
    update: (batch) => nextStatistics(card.id, state, batch, momentum, condensed),
    ...(bySample && {
      perSample: true,
      batch: (planes, p) => merge(centeredPlanes(planes, p), { axes: 0 }),
    }),
    ...((bySample || replaced) && {
      map: (own, p, planes) => calibratedMap(used(own), eps, p, planes),
    }),
  };
}

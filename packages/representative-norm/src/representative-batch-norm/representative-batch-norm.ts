import { full, zeros } from "@evenkeel/autodiff";
import {
  type BatchOptions,
  batchOptions,
  type Card,
  calibratedMap,
  centeredPlanes,
  defineNorm,
  finite,
  flag,
  initAffine,
  initRunning,
  merge,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";

/** Options of `representativeBatchNorm`, in PyTorch's vocabulary. */
export interface RepresentativeBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel, besides the calibrations. Default true. */
  readonly affine?: boolean;
  /** Where `scaleBias` starts: the gate is sigmoid(scaleBiasInit) at first. Default 1. */
  readonly scaleBiasInit?: number;
}

const card: Card = {
  id: "representativeBatchNorm",
  name: "Representative batch normalization",
  summary:
    "Batch norm that shifts each sample by its own channel means before, and gates it by them after.",
  tex: String.raw`y = \gamma_c\,\hat x\,\sigma(w^s_c\,\bar{\hat x}_{n,c} + b^s_c) + \beta_c,\quad \hat x = \mathrm{BN}(x + w^m_c\,\bar x_{n,c})`,
  paper: {
    title: "Representative Batch Normalization with Feature Calibration",
    authors: "Gao, Han, Li, Cheng, Peng",
    year: 2021,
    venue: "CVPR",
    code: "ShangHua-Gao/RBN@6ad76c9",
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
  },
  notes: [
    "The published forward adds to its input in place; ours leaves it alone. Otherwise the numbers are the code's.",
    "Parameters are [C]; the published ones are [1, C, 1, 1].",
  ],
};

/**
 * Representative batch normalization of any rank >= 2.
 *
 *     xc = x + centerWeight·K                           K: each sample's mean per channel
 *     xs = (xc − mean) / √(var + eps)                   mean, var of xc over all axes but the channels'
 *     y  = weight·xs·sigmoid(scaleWeight·Ks + scaleBias) + bias         Ks: each sample's mean of xs
 *
 * **When to use.** In batch norm's place where samples differ in level or gain, so that one mean for the
 * whole batch fits none of them.
 *
 * **Differs from the paper.** The paper leaves open which statistic and which gate; these are the
 * published code's. Running statistics are those of xc, as there.
 *
 * Parameters: `weight`, `bias` (with affine), `centerWeight`, `scaleWeight`, `scaleBias` [numFeatures]. State:
 * `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` []. At first y is sigmoid(1) ≈ 0.73 times
 * batch norm's output.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in
 *   training; ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const rbn = representativeBatchNorm({ numFeatures: 3 });
 * const { params, state } = rbn.init();
 * const { output, state: next } = rbn.apply(random(1).normal([8, 3, 4, 4]), params, state);
 *
 * @see Gao, Han, Li, Cheng and Peng, Representative Batch Normalization with Feature Calibration, CVPR 2021.
 */
export const representativeBatchNorm: Norm<RepresentativeBatchNormOptions> =
  defineNorm<RepresentativeBatchNormOptions>({
    card,
    options: { ...batchOptions, affine: flag(true), scaleBiasInit: finite(1) },
    init: ({ numFeatures, affine, trackRunningStats, scaleBiasInit }, dtype) => ({
      params: {
        ...initAffine([numFeatures], dtype, { affine }),
        centerWeight: zeros([numFeatures], { dtype }),
        scaleWeight: zeros([numFeatures], { dtype }),
        scaleBias: full([numFeatures], scaleBiasInit, { dtype }),
      },
      state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
    }),
    fusesActivation: true,
    apply: (x, params, state, options, { mode, activation }) =>
      normalizeBatch(card.id, x, params, {
        ...{ state, options, mode, activation, perSample: true },
        batch: (planes, p) => merge(centeredPlanes(planes, p), { axes: 0 }),
        map: (statistics, p, planes) => calibratedMap(statistics, options.eps, p, planes),
      }),
  });

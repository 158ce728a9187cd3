import { full, reshape, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  affineOf,
  affinePlanes,
  type BatchOptions,
  batchOptions,
  type Card,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  hasRunning,
  initAffine,
  initRunning,
  type Moments,
  merge,
  momentsOfPlanes,
  type Norm,
  normalizePlanes,
  runningStatistics,
  statisticsDType,
  type Tensors,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";
import { checkGroupSize, groupMap, runsOf } from "../runs.ts";

/** Options of `batchGroupNorm`, in PyTorch's vocabulary. */
export interface BatchGroupNormOptions extends BatchOptions {
  /** Into how many runs of equal length each sample is cut; divides channels times positions. */
  readonly numGroups: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "batchGroupNorm",
  name: "Batch group normalization",
  summary: "Cuts each sample into runs of values and standardizes each run over the batch.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_g}{\sqrt{\sigma_g^2 + \epsilon}} + \beta_c,\quad g = \lfloor iG/(CHW) \rfloor`,
  paper: {
    title: "Batch Group Normalization",
    authors: "Zhou, Sun, Ye, Lan, Luo, Lai, Esperanca, Yang, Li",
    year: 2020,
    arxiv: "2012.02782",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    groupSize: "group_size",
  },
  notes: [
    "There is no published code; the numbers are those of the definition, and of torch.nn.BatchNorm1d over the groups.",
    "The running variance is the unbiased one, as PyTorch's, so that a group per channel is batch norm; the paper does not say.",
    "Groups that are not whole channels belong to one image size: another one is an error, by a number in the state.",
  ],
};

/**
 * Batch group normalization of any rank >= 2.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var over the batch and a run of each sample
 *
 * A sample's values, channel after channel, are cut into numGroups runs of equal length. As many groups as
 * channels is batch norm, one group standardizes the batch as a whole; a run may also be part of a channel,
 * or of several.
 *
 * **When to use.** Few groups for batches of a few samples, where batch norm has too few values for each
 * statistic; more groups than channels for very large batches.
 *
 * **Differs from the paper.** Nothing that is known; see the card's notes.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numGroups],
 * `numBatchesTracked` []; where the groups do not divide the channels, `groupSize` [] too, the length of a run.
 *
 * @throws ShapeError for a wrong rank or channel count, an empty batch, groups that do not divide a sample, or
 *   one value per group in training; ValueError for another image size than before where groups are not whole
 *   channels, or statistics that are not finite. State is never half-updated.
 *
 * @example
 * const bgn = batchGroupNorm({ numFeatures: 4, numGroups: 2 });
 * const { params, state } = bgn.init();
 * const { output, state: next } = bgn.apply(random(1).normal([2, 4, 3, 3]), params, state);
 *
 * @see Zhou and others, Batch Group Normalization, 2020, arXiv 2012.02782.
 */
export const batchGroupNorm: Norm<BatchGroupNormOptions> = defineNorm<BatchGroupNormOptions>({
  card,
  options: { ...batchOptions, numGroups: count(), affine: flag(true) },
  init: ({ numFeatures, numGroups, affine, trackRunningStats }, dtype) => {
    const whole = numFeatures % numGroups === 0;
    const size: Tensors = whole ? {} : { groupSize: zeros([], { dtype }) };
    return {
      params: initAffine([numFeatures], dtype, { affine }),
      state: trackRunningStats ? { ...initRunning(numGroups, dtype), ...size } : {},
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const { numGroups, eps } = options;
    const runs = runsOf(card.id, x, options);
    const { layout, groupSize, restore } = runs;
    const byRunning = mode.statistics === "running" && hasRunning(state);
    if (byRunning || mode.update) checkGroupSize(card.id, state, groupSize);
    if (!byRunning || (mode.update && hasRunning(state))) {
      const hint = "Use larger batches, fewer groups, or evaluation mode.";
      checkMoreThanOne(card.id, x, x.size / numGroups, hint);
    }
    const update = (groups: Moments): Tensors =>
      mode.update ? next(state, groups, groupSize, options) : state;
    if (byRunning) {
      const running = runningStatistics(card.id, state, statisticsDType(x));
      const map = groupMap(running, affineOf(params), eps, layout);
      const output = restore(affinePlanes(runs.x, map, { layout, activation }));
      if (!mode.update) return { output, state };
      return { output, state: update(joined(momentsOfPlanes(runs.x, layout), numGroups)) };
    }
    const { output, aux } = normalizePlanes(
      runs.x,
      affineOf(params),
      (planes, affine) => {
        const groups = joined(planes, numGroups);
        const statistics = { mean: groups.mean, variance: variance(groups) };
        return { ...groupMap(statistics, affine, eps, layout), aux: groups };
      },
      { layout, activation },
    );
    return { output: restore(output), state: update(aux) };
  },
});

/** The moments of each group, [numGroups], from those of its runs. */
function joined({ count: n, mean, m2 }: Moments, numGroups: number): Moments {
  if (mean.size === numGroups) {
    return { count: n, mean: reshape(mean, [numGroups]), m2: reshape(m2, [numGroups]) };
  }
  const split = (t: Tensor): Tensor => reshape(t, [numGroups, t.size / numGroups]);
  return merge({ count: n, mean: split(mean), m2: split(m2) }, { axes: 1, keepDims: false });
}

function next(
  state: Tensors,
  groups: Moments,
  groupSize: number,
  { unbiasedRunningVar, momentum }: Required<BatchGroupNormOptions>,
): Tensors {
  const spread = unbiasedRunningVar ? unbiasedVariance(groups) : variance(groups);
  const batch = { mean: groups.mean, variance: spread };
  const updated = updateRunning(card.id, state, batch, momentum);
  const size = state["groupSize"];
  return size ? { ...updated, groupSize: full([], groupSize, { dtype: size.dtype }) } : updated;
}

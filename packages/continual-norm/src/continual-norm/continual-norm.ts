import { add, mul, rsqrt, sub } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  checkGroups,
  checkMoreThanOne,
  count,
  countSamples,
  defineNorm,
  flag,
  initAffine,
  initRunning,
  type Moments,
  merge,
  mergeGroups,
  type Norm,
  normalizeBatch,
  standardMap,
  variance,
} from "@evenkeel/norm-core";

/** Options of `continualNorm`, in PyTorch's vocabulary. */
export interface ContinualNormOptions extends BatchOptions {
  /** Groups of channels that are normalized sample by sample before; must divide numFeatures. Default 32. */
  readonly numGroups?: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "continualNorm",
  name: "Continual normalization",
  summary: "Batch norm of what group norm without an affine gives.",
  tex: String.raw`y = \gamma_c\,\frac{z - \mu_c(z)}{\sqrt{\sigma_c^2(z) + \epsilon}} + \beta_c,\quad z = \frac{x - \mu_{n,g}}{\sqrt{\sigma_{n,g}^2 + \epsilon}}`,
  paper: {
    title: "Continual Normalization: Rethinking Batch Normalization for Online Continual Learning",
    authors: "Pham, Liu, Hoi",
    year: 2022,
    venue: "ICLR",
    arxiv: "2203.16102",
    code: "phquang/Continual-Normalization@1627582 (mammoth/models/utils/cn.py)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "eps and momentum are the options; the published wrapper uses 1e-5 and 0.1 whatever the batch norm has that it wraps.",
    "Groups of one value are an error: the published code turns them into 0 and every output into the bias.",
  ],
};

/**
 * Continual normalization of any rank >= 2.
 *
 *     z = (x − mean[n, g]) / √(var[n, g] + eps)              of each sample and group of channels
 *     y = weight·(z − mean_c) / √(var_c + eps) + bias        mean_c, var_c of z over all axes but the channels'
 *
 * **When to use.** Learning tasks one after the other, with a memory or without: the first step takes out
 * most of what differs between tasks, so that running statistics of the last task fit the earlier ones better.
 *
 * **Differs from the paper.** Nothing in the function; eps and momentum may be chosen.
 *
 * Parameters: `weight`, `bias` [numFeatures] (with affine). State: `runningMean`, `runningVar` [numFeatures] of
 * z, `numBatchesTracked` [].
 *
 * @throws OptionError if the groups do not divide the channels; ShapeError for a wrong rank, channel count,
 *   an empty batch, groups of one value, or one value per channel in training; ValueError for statistics
 *   that are not finite. State is never half-updated.
 *
 * @example
 * const cn = continualNorm({ numFeatures: 4, numGroups: 2 });
 * const { params, state } = cn.init();
 * const { output, state: next } = cn.apply(random(1).normal([8, 4, 3, 3]), params, state);
 *
 * @see Pham, Liu and Hoi, Continual Normalization, ICLR 2022, arXiv 2203.16102.
 */
export const continualNorm: Norm<ContinualNormOptions> = defineNorm<ContinualNormOptions>({
  card,
  options: { ...batchOptions, numGroups: count(32), affine: flag(true) },
  check: ({ numGroups, numFeatures }) => checkGroups(card.id, numGroups, numFeatures),
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const { numGroups, eps } = options;
    const values = x.size / countSamples(card.id, x, options) / numGroups;
    checkMoreThanOne(card.id, x, values, "Use fewer groups, or an input with space.");
    return normalizeBatch(card.id, x, affineOf(params), {
      ...{ state, options, mode, activation, perSample: true },
      batch: (planes) => merge(grouped(planes, numGroups, eps), { axes: 0 }),
      map({ mean, variance: spread }, affine, planes) {
        const groups = mergeGroups(planes, numGroups);
        const inner = rsqrt(add(variance(groups), eps));
        const { scale, shift } = standardMap(mean, spread, eps, affine);
        // About each plane's own mean: where it lies after both norms is then computed with the statistics.
        const standing = sub(mul(sub(planes.mean, groups.mean), inner), mean);
        return {
          center: planes.mean,
          scale: mul(inner, scale),
          shift: add(shift, mul(standing, scale)),
        };
      },
    });
  },
});

/** The planes' moments after group norm. */
function grouped(planes: Moments, numGroups: number, eps: number): Moments {
  const groups = mergeGroups(planes, numGroups);
  const scale = rsqrt(add(variance(groups), eps));
  return {
    count: planes.count,
    mean: mul(sub(planes.mean, groups.mean), scale),
    m2: mul(planes.m2, mul(scale, scale)),
  };
}

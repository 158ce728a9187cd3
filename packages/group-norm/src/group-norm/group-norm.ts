import {
  affineOf,
  axis,
  type Card,
  checkGroups,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  initAffine,
  type Norm,
  nonNegative,
  samplePlanes,
  samplesFirst,
  standardPlanes,
} from "@evenkeel/norm-core";

/** Options of `groupNorm`, in PyTorch's vocabulary. */
export interface GroupNormOptions {
  /** Number of groups; divides the number of channels. */
  readonly numGroups: number;
  /** Number of channels. */
  readonly numChannels: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "groupNorm",
  name: "Group normalization",
  summary: "Standardizes groups of channels within each sample, so the batch size does not matter.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_{n,g(c)}}{\sqrt{\sigma_{n,g(c)}^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Group Normalization",
    authors: "Wu, He",
    year: 2018,
    venue: "ECCV",
    arxiv: "1803.08494",
    code: "torch.nn.GroupNorm (PyTorch 1.13)",
  },
  keys: { weight: "weight", bias: "bias" },
  notes: [
    "A group of one value is always an error; PyTorch throws only for a single sample and otherwise returns the bias.",
  ],
};

/**
 * Group normalization of any rank >= 2.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var per sample and group of channels
 *
 * One group is layer norm over channels and space with a weight per channel; as many groups as channels
 * is instance norm.
 *
 * **When to use.** Convolutional networks with few samples per batch, where batch norm fails.
 *
 * **Differs from PyTorch.** Any channel axis; groups of one value are refused.
 *
 * Parameters: `weight`, `bias` [numChannels]. No state: training and evaluation are the same.
 *
 * @throws OptionError if the groups do not divide the channels; ShapeError for a wrong rank or channel
 *   count, an empty batch, or groups of one value.
 *
 * @example
 * const gn = groupNorm({ numGroups: 2, numChannels: 4 });
 * const { params, state } = gn.init();
 * const { output } = gn.apply(random(1).normal([1, 4, 3, 3]), params, state);
 *
 * @see Wu and He, Group Normalization, ECCV 2018, arXiv 1803.08494.
 */
export const groupNorm: Norm<GroupNormOptions> = defineNorm<GroupNormOptions>({
  card,
  options: {
    numGroups: count(),
    numChannels: count(),
    eps: nonNegative(1e-5),
    affine: flag(true),
    channelAxis: axis(1),
  },
  check: ({ numGroups, numChannels }) => checkGroups(card.id, numGroups, numChannels),
  init: ({ numChannels, affine }, dtype) => ({
    params: initAffine([numChannels], dtype, { affine }),
    state: {},
  }),
  fusesActivation: true,
  apply(x, params, state, { numGroups, numChannels, eps, channelAxis }, { activation }) {
    const first = samplesFirst(
      x,
      checkInput(card.id, x, { numFeatures: numChannels, channelAxis }),
    );
    const layout = samplePlanes(first.x.shape, first.axis);
    const values = x.size / layout.samples / numGroups;
    checkMoreThanOne(
      card.id,
      x,
      values,
      "Use fewer groups, or an input with space to average over.",
    );
    const { output } = standardPlanes(first.x, affineOf(params), {
      eps,
      numGroups,
      layout,
      activation,
    });
    return { output: first.restore(output), state };
  },
});

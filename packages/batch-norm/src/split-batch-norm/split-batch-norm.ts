import type { Tensor } from "@evenkeel/autodiff";
import { fail, ShapeError, showShape } from "@evenkeel/autodiff";
import {
  type Activation,
  type Applied,
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  checkBranch,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  type Initial,
  type Layout,
  type Norm,
  normalizePlanes,
  planeSize,
  samplePlanes,
  samplesFirst,
  standardMap,
  unbiasedVariance,
  updateBranches,
  variance,
} from "@evenkeel/norm-core";
import { batchNormBranch, initBatchNorms } from "../branch.ts";

/** Options of `splitBatchNorm`, in PyTorch's vocabulary. */
export interface SplitBatchNormOptions extends BatchOptions {
  /** Into how many equal parts a training batch is cut, each with a batch norm of its own. Default 2. */
  readonly numSplits?: number;
  /** Learn a weight and a bias per part and channel. Default true. */
  readonly affine?: boolean;
}

/** What split batch norm may be told about a batch. */
export interface SplitBatchNormCondition {
  /**
   * Send the whole batch through one of the batch norms: 0 is the main one, others are auxiliary. Default:
   * by batch statistics each part through its own, by running ones all through the main one.
   */
  readonly branch?: number | undefined;
}

const card: Card = {
  id: "splitBatchNorm",
  name: "Split batch normalization",
  summary: "Cuts a training batch into contiguous parts and gives each a batch norm of its own.",
  tex: String.raw`y = \gamma^p_c\,\frac{x - \mu^p_c}{\sqrt{(\sigma^p_c)^2 + \epsilon}} + \beta^p_c,\quad p = \lfloor nP/N \rfloor`,
  paper: {
    title: "Adversarial Examples Improve Image Recognition",
    authors: "Xie, Tan, Gong, Wang, Yuille, Le",
    year: 2020,
    venue: "CVPR",
    arxiv: "1911.09665",
    code: "huggingface/pytorch-image-models@aa4b585 (SplitBatchNorm2d), tingxueronghua/pytorch-classification-advprop@d0f6b04 (MixBatchNorm2d)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "The authors published no training code; the numbers are those of the two ports named here, which agree.",
    "A batch that the parts do not divide is an error, as in timm; the other port then cuts unequal parts.",
    "Each tensor holds the main batch norm in row 0 and auxiliary ones after it; timm has them as aux_bn.0 and so on.",
  ],
};

/**
 * Split batch normalization of any rank >= 2: AdvProp's mixed batches.
 *
 *     y = weight[p]·(x − mean[p]) / √(var[p] + eps) + bias[p]      mean, var over the samples of part p
 *
 * **When to use.** Training on batches whose first half is clean and whose second half is adversarial or
 * strongly augmented; evaluation takes the main batch norm alone. For one kind per batch see
 * `auxiliaryBatchNorm`.
 *
 * **Differs from the paper.** The attack and the loss are the caller's.
 *
 * Parameters: `weight`, `bias` [numSplits, numFeatures]. State: `runningMean`, `runningVar`
 * [numSplits, numFeatures], `numBatchesTracked` [numSplits]. Part 0 is the main one.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, a batch that numSplits does not divide,
 *   or one value per statistic in training; ValueError for an unknown branch, running statistics never
 *   trained, or such that are not finite. State is never half-updated.
 *
 * @example
 * const norm = splitBatchNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([8, 3, 4, 4]); // 4 clean samples, then 4 adversarial ones
 * const { output, state: next } = norm.apply(x, params, state);
 * const evaluated = norm.apply(x, params, next, { mode: evaluation }); // all by the main one
 *
 * @see Xie and others, Adversarial Examples Improve Image Recognition, CVPR 2020, arXiv 1911.09665.
 */
export const splitBatchNorm: Norm<SplitBatchNormOptions, SplitBatchNormCondition> = defineNorm<
  SplitBatchNormOptions,
  SplitBatchNormCondition
>({
  card,
  options: { ...batchOptions, numSplits: count(2), affine: flag(true) },
  init: (options, dtype) => initBatchNorms(options.numSplits, options, dtype),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    const given = condition?.branch ?? (mode.statistics === "running" ? 0 : undefined);
    if (given === undefined) {
      return normalizeParts(x, { params, state }, options, { update: mode.update, activation });
    }
    const branch = checkBranch(card.id, given, options.numSplits);
    return batchNormBranch(card.id, x, { params, state }, options, { branch, mode, activation });
  },
});

/** All parts at once: a part's channel is a plane, because its samples lie next to each other. */
function normalizeParts(
  x: Tensor,
  { params, state }: Initial,
  options: Required<SplitBatchNormOptions>,
  { update, activation }: { readonly update: boolean; readonly activation: Activation | undefined },
): Applied {
  const first = samplesFirst(x, checkInput(card.id, x, options));
  const layout = partPlanes(x, samplePlanes(first.x.shape, first.axis), options.numSplits);
  checkMoreThanOne(card.id, x, planeSize(layout), "Use larger batches, or evaluation mode.");
  const { output, aux } = normalizePlanes(
    first.x,
    affineOf(params),
    (parts, affine) => ({
      ...standardMap(parts.mean, variance(parts), options.eps, affine),
      aux: parts,
    }),
    { layout, activation },
  );
  if (!update) return { output: first.restore(output), state };
  const spread = options.unbiasedRunningVar ? unbiasedVariance(aux) : variance(aux);
  const batch = { mean: aux.mean, variance: spread };
  const next = updateBranches(card.id, state, batch, options.momentum);
  return { output: first.restore(output), state: next };
}

function partPlanes(x: Tensor, { samples, outer, ...rest }: Layout, parts: number): Layout {
  if (samples % parts === 0) return { ...rest, samples: parts, outer: (samples / parts) * outer };
  return fail(
    {
      where: card.id,
      expected: `a number of samples that numSplits ${parts} divides`,
      got: `${samples} in shape ${showShape(x.shape)}`,
      hint: "Use another batch size, or name a branch in the condition.",
    },
    ShapeError,
  );
}

import {
  type BatchOptions,
  batchOptions,
  type Card,
  checkBranch,
  count,
  defineNorm,
  flag,
  type Norm,
} from "@evenkeel/norm-core";
import { batchNormBranch, initBatchNorms } from "../branch.ts";

/** Options of `auxiliaryBatchNorm`, in PyTorch's vocabulary. */
export interface AuxiliaryBatchNormOptions extends BatchOptions {
  /** How many batch norms there are. Default 2: one for clean and one for adversarial images. */
  readonly numBranches?: number;
  /** Learn a weight and a bias per branch and channel. Default true. */
  readonly affine?: boolean;
}

/** What auxiliary batch norm must be told about a batch. */
export interface AuxiliaryBatchNormCondition {
  /** Which of the batch norms the whole batch goes through, from 0. */
  readonly branch: number;
}

const card: Card = {
  id: "auxiliaryBatchNorm",
  name: "Auxiliary batch normalization",
  summary:
    "Several complete batch norms side by side; each batch goes through the one its branch names.",
  tex: String.raw`y = \gamma^b_c\,\frac{x - \mu^b_c}{\sqrt{(\sigma^b_c)^2 + \epsilon}} + \beta^b_c`,
  paper: {
    title: "Adversarial Examples Improve Image Recognition",
    authors: "Xie, Tan, Gong, Wang, Yuille, Le",
    year: 2020,
    venue: "CVPR",
    arxiv: "1911.09665",
    code: "VITA-Group/Sandwich-Batch-Normalization@25e7df6 (AuxBN)",
  },
  keys: {
    weight: "bn_list.*.weight",
    bias: "bn_list.*.bias",
    runningMean: "bn_list.*.running_mean",
    runningVar: "bn_list.*.running_var",
    numBatchesTracked: "bn_list.*.num_batches_tracked",
  },
  notes: [
    "The authors published no training code; the numbers are those of the port named here.",
    "Evaluation by a branch that has never been trained is an error; the ports then hardly normalize.",
    "Each tensor holds all branches, along its first axis; the port has one module per branch, bn_list.0 and so on.",
  ],
};

/**
 * Auxiliary batch normalization of any rank >= 2: one batch norm per kind of batch.
 *
 *     y = weight[b]·(x − mean) / √(var + eps) + bias[b]        mean, var over all axes but the channels'
 *
 * **When to use.** Training on batches of different distributions, each batch of one kind, such as clean and
 * adversarial images in turns. For both kinds in one batch see `splitBatchNorm`.
 *
 * **Differs from the paper.** The loss, the attack and the schedule are the caller's.
 *
 * Parameters: `weight`, `bias` [numBranches, numFeatures]. State: `runningMean`, `runningVar`
 * [numBranches, numFeatures], `numBatchesTracked` [numBranches]. A batch touches one branch's rows.
 *
 * @throws ValueError for a missing or unknown branch, one never trained in evaluation, or statistics that are
 *   not finite; ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in
 *   training. State is never half-updated.
 *
 * @example
 * const norm = auxiliaryBatchNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([8, 3, 4, 4]);
 * const clean = norm.apply(x, params, state, { condition: { branch: 0 } });
 * const attacked = norm.apply(x, params, clean.state, { condition: { branch: 1 } });
 *
 * @see Xie and others, Adversarial Examples Improve Image Recognition, CVPR 2020, arXiv 1911.09665.
 */
export const auxiliaryBatchNorm: Norm<AuxiliaryBatchNormOptions, AuxiliaryBatchNormCondition> =
  defineNorm<AuxiliaryBatchNormOptions, AuxiliaryBatchNormCondition>({
    card,
    options: { ...batchOptions, numBranches: count(2), affine: flag(true) },
    init: (options, dtype) => initBatchNorms(options.numBranches, options, dtype),
    fusesActivation: true,
    apply(x, params, state, options, { mode, condition, activation }) {
      const branch = checkBranch(card.id, condition?.branch, options.numBranches);
      return batchNormBranch(card.id, x, { params, state }, options, { branch, mode, activation });
    },
  });

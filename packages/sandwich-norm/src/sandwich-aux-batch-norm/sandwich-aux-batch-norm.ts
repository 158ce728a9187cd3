import {
  applyBranch,
  type BatchOptions,
  batchOptions,
  branchRow,
  type Card,
  checkBranch,
  count,
  defineNorm,
  initBranches,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";
import { initSandwich, type SandwichInit, sandwichAffine, sandwichInit } from "../sandwich.ts";

/** Options of `sandwichAuxBatchNorm`. Of the gammas, the shared one too spreads by 0.02 at first. */
export interface SandwichAuxBatchNormOptions extends BatchOptions, SandwichInit {
  /** How many branches there are. Default 2: one for clean and one for adversarial images. */
  readonly numBranches?: number;
}

/** What sandwich auxiliary batch norm must be told about a batch. */
export interface SandwichAuxBatchNormCondition {
  /** Which branch the whole batch goes through, from 0. */
  readonly branch: number;
}

const card: Card = {
  id: "sandwichAuxBatchNorm",
  name: "Sandwich auxiliary batch normalization",
  summary:
    "Batch norm with statistics and an affine of each branch, and an affine that branches share.",
  tex: String.raw`y = \Gamma_{b,c}\Bigl(\gamma_c\,\frac{x - \mu^b_c}{\sqrt{(\sigma^b_c)^2 + \epsilon}} + \beta_c\Bigr) + B_{b,c}`,
  paper: {
    title:
      "Sandwich Batch Normalization: A Drop-In Replacement for Feature Distribution Heterogeneity",
    authors: "Gong, Chen, Chen, Wang",
    year: 2022,
    venue: "WACV",
    arxiv: "2102.11382",
    code: "VITA-Group/Sandwich-Batch-Normalization@25e7df6 (Adv)",
  },
  keys: {
    sharedGamma: "embed.weight[-1][0]",
    sharedBeta: "embed.weight[-1][1]",
    gammaEmbed: "embed.weight[0]",
    betaEmbed: "embed.weight[1]",
    runningMean: "bn_list.*.running_mean",
    runningVar: "bn_list.*.running_var",
    numBatchesTracked: "bn_list.*.num_batches_tracked",
  },
  notes: [
    "The code keeps all affines in one embedding: a row per branch and the shared one last, gammas in the first half of the columns.",
    "Evaluation by a branch that has never been trained is an error; the code then hardly normalizes.",
  ],
};

/**
 * Sandwich auxiliary batch normalization of any rank >= 2.
 *
 *     s = sharedGamma·(x − mean) / √(var + eps) + sharedBeta      mean, var of a batch of branch b
 *     y = gammaEmbed[b]·s + betaEmbed[b]
 *
 * **When to use.** Adversarial training, each batch clean or adversarial, in the place of auxiliary batch
 * norm: branches keep statistics of their own, and share a part of the affine.
 *
 * **Differs from the paper.** Attack and loss are the caller's. Every training forward updates the
 * branch's statistics, those inside an attack too unless it is told `update: false`.
 *
 * Parameters: `sharedGamma`, `sharedBeta` [numFeatures], `gammaEmbed`, `betaEmbed` [numBranches, numFeatures].
 * State: `runningMean`, `runningVar` [numBranches, numFeatures], `numBatchesTracked` [numBranches].
 * Condition: `branch`.
 *
 * @throws ValueError for a missing or unknown branch, one never trained in evaluation, or statistics that are
 *   not finite; ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in
 *   training. State is never half-updated.
 *
 * @example
 * const norm = sandwichAuxBatchNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([8, 3, 4, 4]);
 * const clean = norm.apply(x, params, state, { condition: { branch: 0 } });
 * const attacked = norm.apply(x, params, clean.state, { condition: { branch: 1 } });
 *
 * @see Gong, Chen, Chen and Wang, Sandwich Batch Normalization, WACV 2022, arXiv 2102.11382.
 */
export const sandwichAuxBatchNorm: Norm<
  SandwichAuxBatchNormOptions,
  SandwichAuxBatchNormCondition
> = defineNorm<SandwichAuxBatchNormOptions, SandwichAuxBatchNormCondition>({
  card,
  options: { ...batchOptions, ...sandwichInit(0.02), numBranches: count(2) },
  init: (options, dtype, random) => ({
    params: initSandwich([options.numBranches, options.numFeatures], options, dtype, random),
    state: options.trackRunningStats
      ? initBranches(options.numBranches, options.numFeatures, dtype)
      : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    const branch = checkBranch(card.id, condition?.branch, options.numBranches);
    const affine = sandwichAffine(params, (table) => branchRow(table, branch));
    return applyBranch(card.id, state, { branch, mode }, (own) =>
      normalizeBatch(card.id, x, affine, { state: own, options, mode, activation }),
    );
  },
});

import { fail, OptionError, show, ValueError } from "@evenkeel/autodiff";
import {
  applyBranch,
  type BatchOptions,
  batchOptions,
  branchRow,
  type Card,
  count,
  defineNorm,
  initBranches,
  type Norm,
  normalizeBatch,
  type OptionRule,
} from "@evenkeel/norm-core";
import { initSandwich, type SandwichInit, sandwichAffine, sandwichInit } from "../sandwich.ts";

/** Options of `sandwichBatchNormNas`. Of the gammas, the shared one too spreads by 0.02 at first. */
export interface SandwichBatchNormNasOptions extends BatchOptions, SandwichInit {
  /** How many candidate operations an edge may hold. */
  readonly numPrevOps: number;
  /** How many nodes feed the one that the edge leaves; 0 for a cell's first. */
  readonly numPrevNodes: number;
}

/** What the NAS form must be told about a batch. */
export interface SandwichBatchNormNasCondition {
  /** Which operation feeds from each of the previous nodes: numPrevNodes ids below numPrevOps. */
  readonly prevOps: readonly number[];
}

const wholeNumber: OptionRule<number> = {
  expected: "a whole number >= 0",
  legal: (v) => Number.isInteger(v) && (v as number) >= 0,
};

/** Rows of statistics and of affines, beyond which a search space does not fit in a table. */
const MOST_CLASSES = 65_536;

const card: Card = {
  id: "sandwichBatchNormNas",
  name: "Sandwich batch normalization for architecture search",
  summary:
    "Sandwich batch norm with statistics and an affine for each choice of the previous operations.",
  tex: String.raw`y = \Gamma_{k,c}\Bigl(\gamma_c\,\frac{x - \mu^k_c}{\sqrt{(\sigma^k_c)^2 + \epsilon}} + \beta_c\Bigr) + B_{k,c},\quad k = \sum_i O^i p_i`,
  paper: {
    title:
      "Sandwich Batch Normalization: A Drop-In Replacement for Feature Distribution Heterogeneity",
    authors: "Gong, Chen, Chen, Wang",
    year: 2022,
    venue: "WACV",
    arxiv: "2102.11382",
    code: "VITA-Group/Sandwich-Batch-Normalization@25e7df6 (NAS)",
  },
  keys: {
    sharedGamma: "shared_weight",
    sharedBeta: "shared_bias",
    gammaEmbed: "embed.weight[0]",
    betaEmbed: "embed.weight[1]",
    runningMean: "bns.*.running_mean",
    runningVar: "bns.*.running_var",
    numBatchesTracked: "bns.*.num_batches_tracked",
  },
  notes: [
    "The code has a switch that leaves the class affine out in a cell's first node; its search never sets it, and here is none.",
    "Evaluation by a choice that has never been trained is an error; the code then hardly normalizes.",
  ],
};

/**
 * Sandwich batch normalization for weight-sharing architecture search, of any rank >= 2.
 *
 *     k = Σ_i numPrevOps^i · prevOps[i]
 *     y = gammaEmbed[k]·(sharedGamma·(x − mean) / √(var + eps) + sharedBeta) + betaEmbed[k]
 *
 * **When to use.** On the edges of a super-network whose operations are sampled anew for each batch:
 * features differ by what fed them, and each choice gets statistics and an affine of its own.
 *
 * **Differs from the paper.** Nothing in the numbers.
 *
 * Parameters: `sharedGamma`, `sharedBeta` [numFeatures], `gammaEmbed`, `betaEmbed` [K, numFeatures], where K
 * is numPrevOps^numPrevNodes. State: `runningMean`, `runningVar` [K, numFeatures], `numBatchesTracked` [K].
 * Condition: `prevOps`.
 *
 * @throws OptionError for a search space of more than 65,536 choices; ValueError for missing or unknown
 *   operations, a choice never trained in evaluation, or statistics that are not finite; ShapeError for a
 *   wrong rank, channel count, an empty batch, or one value per channel in training.
 *
 * @example
 * const norm = sandwichBatchNormNas({ numFeatures: 3, numPrevOps: 5, numPrevNodes: 2 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([8, 3, 4, 4]);
 * const { output } = norm.apply(x, params, state, { condition: { prevOps: [4, 0] } });
 *
 * @see Gong, Chen, Chen and Wang, Sandwich Batch Normalization, WACV 2022, arXiv 2102.11382.
 */
export const sandwichBatchNormNas: Norm<
  SandwichBatchNormNasOptions,
  SandwichBatchNormNasCondition
> = defineNorm<SandwichBatchNormNasOptions, SandwichBatchNormNasCondition>({
  card,
  options: {
    ...batchOptions,
    ...sandwichInit(0.02),
    numPrevOps: count(),
    numPrevNodes: wholeNumber,
  },
  check(options) {
    const { numPrevOps, numPrevNodes } = options;
    if (countClasses(options) <= MOST_CLASSES) return;
    fail(
      {
        where: card.id,
        expected: `numPrevOps^numPrevNodes of at most ${MOST_CLASSES}`,
        got: `${numPrevOps}^${numPrevNodes}`,
        hint: "Each choice needs a row of its own; search over fewer operations or nodes.",
      },
      OptionError,
    );
  },
  init(options, dtype, random) {
    const shape = [countClasses(options), options.numFeatures] as const;
    return {
      params: initSandwich(shape, options, dtype, random),
      state: options.trackRunningStats ? initBranches(...shape, dtype) : {},
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    const branch = classOf(condition?.prevOps, options);
    const affine = sandwichAffine(params, (table) => branchRow(table, branch));
    return applyBranch(card.id, state, { branch, mode }, (own) =>
      normalizeBatch(card.id, x, affine, { state: own, options, mode, activation }),
    );
  },
});

type SearchSpace = Pick<SandwichBatchNormNasOptions, "numPrevOps" | "numPrevNodes">;

function countClasses({ numPrevOps, numPrevNodes }: SearchSpace): number {
  return numPrevOps ** numPrevNodes;
}

/** The choice's number, its first operation counting least. */
function classOf(
  ops: readonly number[] | undefined,
  { numPrevOps, numPrevNodes }: SearchSpace,
): number {
  const legal = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < numPrevOps;
  if (ops?.length === numPrevNodes && ops.every(legal)) {
    return ops.reduceRight((k, id) => k * numPrevOps + id, 0);
  }
  return fail(
    {
      where: `${card.id} prevOps`,
      expected: `${numPrevNodes} whole numbers from 0 to ${numPrevOps - 1}`,
      got: ops === undefined ? "none" : show(ops),
      hint: "Pass them in the condition.",
    },
    ValueError,
  );
}

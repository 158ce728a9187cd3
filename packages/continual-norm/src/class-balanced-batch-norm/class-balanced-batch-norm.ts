import { fail, ValueError } from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  checkInput,
  defineNorm,
  flag,
  hasRunning,
  hasTrained,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";

export { type PerClassOptions, samplesPerClass } from "./samples-per-class.ts";

/** Options of `classBalancedBatchNorm`, in PyTorch's vocabulary. */
export interface ClassBalancedBatchNormOptions extends BatchOptions {
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
}

/** What class-balanced batch norm may be told about a batch. */
export interface ClassBalancedBatchNormCondition {
  /** Whether the batch holds all classes in equal numbers: only then running statistics take it in. Default false. */
  readonly balanced?: boolean | undefined;
}

const card: Card = {
  id: "classBalancedBatchNorm",
  name: "Class-balanced batch normalization (BN Tricks)",
  summary: "Batch norm whose running statistics take in class-balanced batches only.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c,\quad \text{running} \leftarrow \text{running} + m\,(\mu_c^b - \text{running}) \text{ for balanced batches } b`,
  paper: {
    title: "Diagnosing Batch Normalization in Class Incremental Learning",
    authors: "Zhou and others",
    year: 2022,
    arxiv: "2202.08025",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "There is no published code, and the paper was read only in part: this is its first trick, on running statistics. The second, on the classifier, is not here.",
    "Whether new and remembered samples go through the network together or apart is the caller's choice.",
    "Evaluation before any balanced batch is an error.",
  ],
};

/**
 * Batch normalization for class-incremental learning: BN Tricks.
 *
 *     training:              by the batch's statistics; running ones stay
 *     a balanced batch:      the same, and running ← (1 − momentum)·running + momentum·batch
 *     evaluation:            by running statistics
 *
 * **When to use.** Learning classes one task after the other, with a memory: gradients come from batches as they
 * are, while the running statistics, taken from batches with equally many samples of every class seen so far,
 * favor no class. After each update of the weights, one more forward with `{ balanced: true }` and without
 * a gradient; `samplesPerClass` draws the batch.
 *
 * **Differs from the paper.** Of its tricks only the one on running statistics; see the page.
 *
 * Parameters: `weight`, `bias` [numFeatures] (with affine). State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []. Condition: `balanced`.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in training;
 *   ValueError for evaluation before any balanced batch, and for statistics that are not finite. State is
 *   never half-updated.
 *
 * @example
 * const bn = classBalancedBatchNorm({ numFeatures: 3 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([8, 3, 4, 4]);
 * const step = bn.apply(x, params, state); // trains the weights, takes nothing in
 * const { state: next } = bn.apply(x, params, state, { condition: { balanced: true } });
 *
 * @see Zhou and others, Diagnosing Batch Normalization in Class Incremental Learning, arXiv 2202.08025.
 */
export const classBalancedBatchNorm: Norm<
  ClassBalancedBatchNormOptions,
  ClassBalancedBatchNormCondition
> = defineNorm<ClassBalancedBatchNormOptions, ClassBalancedBatchNormCondition>({
  card,
  options: { ...batchOptions, affine: flag(true) },
  init: ({ numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    checkInput(card.id, x, options);
    const { statistics } = mode;
    if (statistics === "running" && hasRunning(state) && !hasTrained(state)) refuseUncollected();
    const update = mode.update && condition?.balanced === true;
    const call = { state, options, mode: { statistics, update }, activation };
    return normalizeBatch(card.id, x, affineOf(params), call);
  },
});

function refuseUncollected(): never {
  return fail(
    {
      where: card.id,
      expected: "running statistics of at least one balanced batch",
      got: "the first values",
      hint: "Forward one in training with { balanced: true } in the condition.",
    },
    ValueError,
  );
}

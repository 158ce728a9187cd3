import {
  batchOptions,
  type Card,
  count,
  defineNorm,
  flag,
  initAffine,
  initBranches,
  type Norm,
} from "@evenkeel/norm-core";
import { type DomainCondition, type DomainOptions, normalizeDomains } from "../domains.ts";

/** Options of `domainSpecificBatchNorm`, in PyTorch's vocabulary. */
export interface DomainSpecificBatchNormOptions extends DomainOptions {
  /** Learn a weight and a bias per domain and channel. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "domainSpecificBatchNorm",
  name: "Domain-specific batch normalization",
  summary:
    "A complete batch norm for each domain; samples go through that of theirs, also within one batch.",
  tex: String.raw`y = \gamma^d_c\,\frac{x - \mu^d_c}{\sqrt{(\sigma^d_c)^2 + \epsilon}} + \beta^d_c`,
  paper: {
    title: "Domain-Specific Batch Normalization for Unsupervised Domain Adaptation",
    authors: "Chang, You, Seo, Kwak, Han",
    year: 2019,
    venue: "CVPR",
    arxiv: "1906.03950",
    code: "wgchang/DSBN",
  },
  keys: {
    weight: "bns.*.weight",
    bias: "bns.*.bias",
    runningMean: "bns.*.running_mean",
    runningVar: "bns.*.running_var",
    numBatchesTracked: "bns.*.num_batches_tracked",
  },
  notes: [
    "The official layer sends the whole batch to the domain of its first sample; ids per sample are ours.",
    "An id outside 0 … numDomains − 1 is an error; the official layer takes -1 for the last domain.",
    "Evaluation by a domain that was never trained is an error; the official layer then hardly normalizes.",
  ],
};

/**
 * Domain-specific batch normalization of any rank >= 2: one batch norm per domain.
 *
 *     y = weight[d]·(x − mean[d]) / √(var[d] + eps) + bias[d]        mean, var over the samples of domain d
 *
 * **When to use.** Several known domains that look different, the domain of each sample being known at test
 * time, too. For unseen domains see `batchNormEmbeddings`.
 *
 * **Differs from the paper.** One batch may hold samples of several domains. Pseudo labels and the two
 * stages of the paper's training are the caller's.
 *
 * Parameters: `weight`, `bias` [numDomains, numFeatures]. State: `runningMean`, `runningVar`
 * [numDomains, numFeatures], `numBatchesTracked` [numDomains]. Condition: `domain`. Absent domains keep
 * their state.
 *
 * @throws ShapeError for ids of another number, a wrong rank, channel count, an empty batch, or one value
 *   per statistic of a domain in training; ValueError for an unknown domain, one never trained in evaluation,
 *   or statistics that are not finite. State is never half-updated.
 *
 * @example
 * const norm = domainSpecificBatchNorm({ numFeatures: 3, numDomains: 2 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([4, 3, 8, 8]);
 * const { state: next } = norm.apply(x, params, state, { condition: { domain: [0, 1, 1, 0] } });
 * const { output } = norm.apply(x, params, next, { mode: evaluation, condition: { domain: 1 } });
 *
 * @see Chang and others, Domain-Specific Batch Normalization, CVPR 2019, arXiv 1906.03950.
 */
export const domainSpecificBatchNorm: Norm<DomainSpecificBatchNormOptions, DomainCondition> =
  defineNorm<DomainSpecificBatchNormOptions, DomainCondition>({
    card,
    options: { ...batchOptions, numDomains: count(), affine: flag(true) },
    init: ({ numDomains, numFeatures, affine, trackRunningStats }, dtype) => ({
      params: initAffine([numDomains, numFeatures], dtype, { affine }),
      state: trackRunningStats ? initBranches(numDomains, numFeatures, dtype) : {},
    }),
    fusesActivation: true,
    apply: (x, params, state, options, { mode, condition, activation }) =>
      normalizeDomains(card.id, x, { params, state }, { options, mode, condition, activation }),
  });

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

export type { DomainCondition, DomainOptions } from "../domains.ts";
export { type DistanceOptions, domainDistances, type EmbeddingLayer } from "./distance.ts";
export {
  type ForwardMixtureOptions,
  forwardMixture,
  type NetworkMixture,
} from "./forward-mixture.ts";
export { type Mixture, type MixtureOptions, mixDomains } from "./mixture.ts";

/** Options of `batchNormEmbeddings`, in PyTorch's vocabulary. */
export interface BatchNormEmbeddingsOptions extends DomainOptions {
  /** Learn a weight and a bias per channel, which all domains share. Default true. */
  readonly affine?: boolean;
}

const card: Card = {
  id: "batchNormEmbeddings",
  name: "Batch normalization embeddings (BNE)",
  summary:
    "Batch norm with statistics of each domain, by which samples of unknown domains are placed among them.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu^d_c}{\sqrt{(\sigma^d_c)^2 + \epsilon}} + \beta_c,\quad f(x_n) = \sum_d w_{nd} f_d(x_n),\ w_{nd} \propto \Bigl(\sum_l W_2^2(x^l_n, d)\Bigr)^{-1}`,
  paper: {
    title: "Batch Normalization Embeddings for Deep Domain Generalization",
    authors: "Segu, Tonioni, Tombari",
    year: 2023,
    venue: "Pattern Recognition",
    arxiv: "2011.12672",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "No official code was found; this is our reading of the paper, checked against an independent reference.",
    "Whether the paper sums squared distances or distances, over channels or averaged, is not known: distance and reduce choose.",
    "A patent family of Google covers the method (WO2021178747, EP4081953): look into it before commercial use.",
  ],
};

/**
 * Batch normalization embeddings, for any rank >= 2: the statistics of each domain beside one shared affine.
 *
 *     y = weight·(x − mean[d]) / √(var[d] + eps) + bias        mean, var over the samples of domain d
 *
 * `forwardMixture` runs a network of them on samples of unknown domains: each is embedded by its own
 * statistics at every layer, and the branches of the known domains are mixed by how near it is to them.
 *
 * **When to use.** Domain generalization: several known training domains, test samples of unseen ones.
 * Costs a forward pass per domain in evaluation.
 *
 * **Differs from the paper.** There is no code to compare with; see the notes of the card.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numDomains, numFeatures],
 * `numBatchesTracked` [numDomains]. Condition: `domain`. Absent domains keep their state.
 *
 * @throws ShapeError for ids of another number, a wrong rank, channel count, an empty batch, or one value
 *   per statistic of a domain in training; ValueError for an unknown domain, one never trained in evaluation,
 *   or statistics that are not finite. State is never half-updated.
 *
 * @example
 * const bne = batchNormEmbeddings({ numFeatures: 3, numDomains: 2 });
 * const { params, state } = bne.init();
 * const x = random(1).normal([4, 3, 8, 8]);
 * const { state: next } = bne.apply(x, params, state, { condition: { domain: [0, 1, 1, 0] } });
 * const branch = bne.apply(x, params, next, { mode: evaluation, condition: { domain: 1 } });
 *
 * @see Segu, Tonioni and Tombari, Batch Normalization Embeddings, Pattern Recognition 2023, arXiv 2011.12672.
 */
export const batchNormEmbeddings: Norm<BatchNormEmbeddingsOptions, DomainCondition> = defineNorm<
  BatchNormEmbeddingsOptions,
  DomainCondition
>({
  card,
  options: { ...batchOptions, numDomains: count(), affine: flag(true) },
  init: ({ numDomains, numFeatures, affine, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: trackRunningStats ? initBranches(numDomains, numFeatures, dtype) : {},
  }),
  fusesActivation: true,
  apply: (x, params, state, options, { mode, condition, activation }) =>
    normalizeDomains(card.id, x, { params, state }, { options, mode, condition, activation }),
});

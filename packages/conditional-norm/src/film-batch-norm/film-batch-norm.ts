import { type Tensor, zeros } from "@evenkeel/autodiff";
import {
  type BatchOptions,
  batchOptions,
  type Card,
  count,
  countSamples,
  defineNorm,
  initRunning,
  type Norm,
  nonNegative,
  normalizeBatch,
} from "@evenkeel/norm-core";
import { filmGenerator } from "../film/film.ts";
import { checkRows } from "../rows.ts";

/** Options of `filmBatchNorm`. */
export interface FilmBatchNormOptions extends BatchOptions {
  /** Length of the embedding that weight and bias are made from. */
  readonly embeddingSize: number;
  /** What the weight is where the generator gives 0. Default 1. */
  readonly gammaBaseline?: number;
}

/** What FiLM's batch norm must be told about a batch. */
export interface EmbeddingCondition {
  /** [samples, embeddingSize]. */
  readonly embedding: Tensor;
}

const card: Card = {
  id: "filmBatchNorm",
  name: "Batch normalization with FiLM",
  summary: "Batch norm whose weight and bias are one linear map of an embedding of each sample.",
  tex: String.raw`y = (1 + f_\gamma(e_n)_c)\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + f_\beta(e_n)_c`,
  paper: {
    title: "FiLM: Visual Reasoning with a General Conditioning Layer",
    authors: "Perez, Strub, de Vries, Dumoulin, Courville",
    year: 2018,
    venue: "AAAI",
    arxiv: "1709.07871",
    code: "ethanjperez/film",
  },
  keys: {
    generatorWeight: "generator.weight",
    generatorBias: "generator.bias",
    runningMean: "bn.running_mean",
    runningVar: "bn.running_var",
    numBatchesTracked: "bn.num_batches_tracked",
  },
  notes: [
    "One generator per norm; the published one is a single linear layer for all blocks, so its keys are ours.",
    "The generator's bias starts at 0; the published code leaves it at PyTorch's default.",
    "The published sigmoid, tanh and exp of gamma, unused by default, are left out.",
  ],
};

/**
 * Batch normalization with feature-wise linear modulation in the place of its affine, for any rank >= 2.
 *
 *     f = embedding · generatorWeightᵀ + generatorBias
 *     y[n, c] = (f[n, c] + gammaBaseline)·(x − mean_c) / √(var_c + eps) + f[n, C + c]
 *
 * **When to use.** To steer a network from within by a question, a class embedding or a time. It is
 * `conditionalBatchNorm` with a linear map for its MLPs and without a base to start from.
 *
 * **Differs from the paper.** Any channel axis; each norm has its own rows of the generator.
 *
 * Parameters: `generatorWeight` [2·numFeatures, embeddingSize], `generatorBias` [2·numFeatures], gammas
 * first. State: `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` []. Condition: `embedding`.
 *
 * @throws ShapeError for a wrong rank, channel count, width of the embedding, an empty batch, or one value
 *   per channel in training; ValueError for statistics that are not finite.
 *
 * @example
 * const bn = filmBatchNorm({ numFeatures: 3, embeddingSize: 16 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const embedding = random(2).normal([2, 16]);
 * const { output } = bn.apply(x, params, state, { condition: { embedding } });
 *
 * @see Perez et al., FiLM, AAAI 2018, arXiv 1709.07871.
 */
export const filmBatchNorm: Norm<FilmBatchNormOptions, EmbeddingCondition> = defineNorm<
  FilmBatchNormOptions,
  EmbeddingCondition
>({
  card,
  options: { ...batchOptions, embeddingSize: count(), gammaBaseline: nonNegative(1) },
  init({ numFeatures, embeddingSize, trackRunningStats }, dtype, random) {
    // He's uniform bound for a rectifier.
    const high = Math.sqrt(6 / embeddingSize);
    const shape = [2 * numFeatures, embeddingSize];
    return {
      params: {
        generatorWeight: random.uniform(shape, { low: -high, high, dtype }),
        generatorBias: zeros([2 * numFeatures], { dtype }),
      },
      state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { condition, ...how }) {
    const shape = [countSamples(card.id, x, options), options.embeddingSize] as const;
    const embedding = checkRows(`${card.id} embedding`, condition?.embedding, shape);
    const { generatorWeight, generatorBias } = params;
    const { gamma, beta } = filmGenerator(embedding, generatorWeight!, generatorBias, options);
    const rows = { weight: gamma, bias: beta };
    return normalizeBatch(card.id, x, rows, { ...how, state, options, perSample: true });
  },
});

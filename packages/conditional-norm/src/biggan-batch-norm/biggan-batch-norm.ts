import { add, fail, OptionError, show, type Tensor } from "@evenkeel/autodiff";
import {
  type BatchOptions,
  batchOptions,
  type Card,
  type Classes,
  checkClasses,
  countSamples,
  defineNorm,
  initRunning,
  lookup,
  type Norm,
  normalizeBatch,
  type OptionRule,
  type Tensors,
} from "@evenkeel/norm-core";
import { orthogonal } from "../first-values.ts";
import { checkRows, linearRows } from "../rows.ts";

/** Options of `bigganBatchNorm`: exactly one of `numClasses` and `embeddingSize`. */
export interface BigganBatchNormOptions extends BatchOptions {
  /** Number of classes, for a gain and a bias looked up by class. */
  readonly numClasses?: number | undefined;
  /** Length of an embedding, for a gain and a bias that are linear in it. */
  readonly embeddingSize?: number | undefined;
}

/** What it must be told about a batch: whichever of the two its options ask for. */
export interface BigganCondition {
  /** With `numClasses`: one id per sample, or soft classes [samples, numClasses]. */
  readonly classes?: Classes | undefined;
  /** With `embeddingSize`: [samples, embeddingSize]. */
  readonly embedding?: Tensor | undefined;
}

const card: Card = {
  id: "bigganBatchNorm",
  name: "BigGAN's conditional batch normalization",
  summary: "Batch norm with weight 1 + gain; gain and bias by class, or linear in an embedding.",
  tex: String.raw`y = (1 + (W_g e_n)_c)\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + (W_b e_n)_c`,
  paper: {
    title: "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    authors: "Brock, Donahue, Simonyan",
    year: 2019,
    venue: "ICLR",
    arxiv: "1809.11096",
    code: "ajbrock/BigGAN-PyTorch",
  },
  keys: {
    gammaEmbed: "gain.weight",
    betaEmbed: "bias.weight",
    gainWeight: "gain.weight",
    biasWeight: "bias.weight",
    runningMean: "stored_mean",
    runningVar: "stored_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "momentum is obeyed; the published class takes 0.1 whatever it is given.",
    "numBatchesTracked has no counterpart in published checkpoints: load them with strict: false.",
    "The published spectral norm of the two linear maps is not part of the norm.",
  ],
};

/** Absent, or a whole number >= 1. */
const maybeCount: OptionRule<number | undefined> = {
  expected: "a whole number >= 1, or nothing",
  legal: (v) => v === undefined || (Number.isInteger(v) && (v as number) > 0),
};

/**
 * BigGAN's conditional batch normalization of any rank >= 2.
 *
 *     y[n, c] = (1 + gain[n, c])·(x − mean_c) / √(var_c + eps) + bias[n, c]
 *
 *     with numClasses       gain[n] = gammaEmbed[k_n]         bias[n] = betaEmbed[k_n]
 *     with embeddingSize    gain[n] = gainWeight·embedding[n]  bias[n] = biasWeight·embedding[n]
 *
 * **When to use.** Generators: the embedding is a shared class embedding beside a slice of the noise.
 * Weight decay draws the weight to 1 here, to 0 in `classConditionalBatchNorm`.
 *
 * **Differs from the paper.** Any channel axis; soft classes.
 *
 * Parameters: `gammaEmbed`, `betaEmbed` [numClasses, numFeatures], or `gainWeight`, `biasWeight`
 * [numFeatures, embeddingSize]; orthogonal at first. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked` []. Condition: `classes` or `embedding`.
 *
 * @throws OptionError for both of `numClasses` and `embeddingSize`, or neither; ShapeError for a wrong
 *   rank, channel count, number of ids, width of the embedding, an empty batch, or one value per channel
 *   in training; ValueError for an id that is no class, and for statistics that are not finite.
 *
 * @example
 * const bn = bigganBatchNorm({ numFeatures: 3, embeddingSize: 16 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const embedding = random(2).normal([2, 16]);
 * const { output } = bn.apply(x, params, state, { condition: { embedding } });
 *
 * @see Brock, Donahue and Simonyan, BigGAN, ICLR 2019, arXiv 1809.11096.
 */
export const bigganBatchNorm: Norm<BigganBatchNormOptions, BigganCondition> = defineNorm<
  BigganBatchNormOptions,
  BigganCondition
>({
  card,
  options: { ...batchOptions, numClasses: maybeCount, embeddingSize: maybeCount },
  check({ numClasses, embeddingSize }) {
    if ((numClasses === undefined) !== (embeddingSize === undefined)) return;
    fail(
      {
        where: card.id,
        expected: "either numClasses or embeddingSize",
        got: show({ numClasses, embeddingSize }),
      },
      OptionError,
    );
  },
  init({ numFeatures, numClasses, embeddingSize, trackRunningStats }, dtype, random) {
    const draw = (shape: readonly [number, number]): Tensor => orthogonal(shape, random, dtype);
    const byClass = (k: number): Tensors => ({
      gammaEmbed: draw([k, numFeatures]),
      betaEmbed: draw([k, numFeatures]),
    });
    const linear = (size: number): Tensors => ({
      gainWeight: draw([numFeatures, size]),
      biasWeight: draw([numFeatures, size]),
    });
    return {
      params: numClasses === undefined ? linear(embeddingSize!) : byClass(numClasses),
      state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { condition, ...how }) {
    const samples = countSamples(card.id, x, options);
    const { gain, bias } = rowsOf(params, samples, options, condition);
    const rows = { weight: add(gain, 1), bias };
    return normalizeBatch(card.id, x, rows, { ...how, state, options, perSample: true });
  },
});

/** Gain and bias of each sample. */
function rowsOf(
  params: Tensors,
  samples: number,
  { numClasses, embeddingSize }: BigganBatchNormOptions,
  condition: BigganCondition = {},
): { readonly gain: Tensor; readonly bias: Tensor } {
  if (numClasses !== undefined) {
    const classes = checkClasses(card.id, condition.classes, { numClasses, samples });
    const rows = (table: Tensor): Tensor => lookup(table, classes);
    return { gain: rows(params["gammaEmbed"]!), bias: rows(params["betaEmbed"]!) };
  }
  const shape = [samples, embeddingSize!] as const;
  const embedding = checkRows(`${card.id} embedding`, condition.embedding, shape);
  const rows = (weight: Tensor): Tensor => linearRows(embedding, weight);
  return { gain: rows(params["gainWeight"]!), bias: rows(params["biasWeight"]!) };
}

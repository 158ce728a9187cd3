import { zeros } from "@evenkeel/autodiff";
import {
  type BatchOptions,
  batchOptions,
  type Card,
  type Classes,
  checkClasses,
  count,
  countSamples,
  defineNorm,
  initRunning,
  lookup,
  type Norm,
  nonNegative,
  normalizeBatch,
} from "@evenkeel/norm-core";

/** Options of `classConditionalBatchNorm`. */
export interface ClassConditionalBatchNormOptions extends BatchOptions {
  /** Number of classes. */
  readonly numClasses: number;
  /** Standard deviation of the first gammas around 1; SN-GAN has none, other code 0.02. Default 0. */
  readonly gammaStd?: number;
}

/** What class-conditional batch norm must be told about a batch. */
export interface ClassCondition {
  /** One id per sample, or soft classes [samples, numClasses]. */
  readonly classes: Classes;
}

const card: Card = {
  id: "classConditionalBatchNorm",
  name: "Class-conditional batch normalization",
  summary: "Batch norm whose weight and bias are looked up by each sample's class.",
  tex: String.raw`y = \Gamma_{k_n,c}\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + B_{k_n,c}`,
  paper: {
    title: "cGANs with Projection Discriminator",
    authors: "Miyato, Koyama",
    year: 2018,
    venue: "ICLR",
    arxiv: "1802.05637",
    code: "VITA-Group/Sandwich-Batch-Normalization",
  },
  keys: {
    gammaEmbed: "embed.weight[0]",
    betaEmbed: "embed.weight[1]",
    runningMean: "bn.running_mean",
    runningVar: "bn.running_var",
    numBatchesTracked: "bn.num_batches_tracked",
  },
  notes: [
    "Golden numbers are from VITA-Group's GAN code, which computes the function of SN-GAN's Chainer code.",
    "Defaults are PyTorch's; SN-GAN has eps 2e-5 and starts the running variance at 0.",
    "Gammas start at 1, as in SN-GAN; VITA-Group draws them around 1 (gammaStd 0.02).",
  ],
};

/**
 * Class-conditional batch normalization of any rank >= 2.
 *
 *     y[n, c] = gammaEmbed[k_n, c]·(x − mean_c) / √(var_c + eps) + betaEmbed[k_n, c]
 *
 * Mean and variance are those of the whole batch, all classes together. Soft classes mix rows.
 *
 * **When to use.** Generators that are told what to draw, and networks for a few known kinds of input
 * that share their statistics. For kinds with statistics of their own see domain-specific batch norm.
 *
 * **Differs from the paper.** Any channel axis; soft classes are a matrix.
 *
 * Parameters: `gammaEmbed`, `betaEmbed` [numClasses, numFeatures]. State: `runningMean`, `runningVar`
 * [numFeatures], `numBatchesTracked` []. Condition: `classes`.
 *
 * @throws ShapeError for a wrong rank, channel count, number of ids, an empty batch, or one value per
 *   channel in training; ValueError for an id that is no class, and for statistics that are not finite.
 *   State is never half-updated.
 *
 * @example
 * const bn = classConditionalBatchNorm({ numFeatures: 3, numClasses: 10 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const { output } = bn.apply(x, params, state, { condition: { classes: [7, 2] } });
 *
 * @see Miyato and Koyama, cGANs with Projection Discriminator, ICLR 2018, arXiv 1802.05637.
 */
export const classConditionalBatchNorm: Norm<ClassConditionalBatchNormOptions, ClassCondition> =
  defineNorm<ClassConditionalBatchNormOptions, ClassCondition>({
    card,
    options: { ...batchOptions, numClasses: count(), gammaStd: nonNegative(0) },
    init({ numFeatures, numClasses, trackRunningStats, gammaStd }, dtype, random) {
      const shape = [numClasses, numFeatures];
      return {
        params: {
          gammaEmbed: random.normal(shape, { mean: 1, std: gammaStd, dtype }),
          betaEmbed: zeros(shape, { dtype }),
        },
        state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
      };
    },
    fusesActivation: true,
    apply(x, params, state, options, { condition, ...how }) {
      const { numClasses } = options;
      const samples = countSamples(card.id, x, options);
      const classes = checkClasses(card.id, condition?.classes, { numClasses, samples });
      const rows = {
        weight: lookup(params["gammaEmbed"]!, classes),
        bias: lookup(params["betaEmbed"]!, classes),
      };
      return normalizeBatch(card.id, x, rows, { ...how, state, options, perSample: true });
    },
  });

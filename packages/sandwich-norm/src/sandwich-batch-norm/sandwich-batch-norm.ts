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
  normalizeBatch,
} from "@evenkeel/norm-core";
import { initSandwich, type SandwichInit, sandwichAffine, sandwichInit } from "../sandwich.ts";

/** Options of `sandwichBatchNorm`. The first `sharedGamma` is 1 unless sharedGammaStd says otherwise. */
export interface SandwichBatchNormOptions extends BatchOptions, SandwichInit {
  /** Number of classes. */
  readonly numClasses: number;
}

/** What sandwich batch norm must be told about a batch. */
export interface SandwichBatchNormCondition {
  /** One id per sample, or soft classes [samples, numClasses]. */
  readonly classes: Classes;
}

const card: Card = {
  id: "sandwichBatchNorm",
  name: "Sandwich batch normalization",
  summary: "Batch norm with an affine that all classes share, and one more of each sample's class.",
  tex: String.raw`y = \Gamma_{k_n,c}\Bigl(\gamma_c\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c\Bigr) + B_{k_n,c}`,
  paper: {
    title:
      "Sandwich Batch Normalization: A Drop-In Replacement for Feature Distribution Heterogeneity",
    authors: "Gong, Chen, Chen, Wang",
    year: 2022,
    venue: "WACV",
    arxiv: "2102.11382",
    code: "VITA-Group/Sandwich-Batch-Normalization@25e7df6 (GAN)",
  },
  keys: {
    sharedGamma: "bn.weight",
    sharedBeta: "bn.bias",
    gammaEmbed: "embed.weight[0]",
    betaEmbed: "embed.weight[1]",
    runningMean: "bn.running_mean",
    runningVar: "bn.running_var",
    numBatchesTracked: "bn.num_batches_tracked",
  },
  notes: [
    "Paper and code agree. The code keeps both tables in one embedding, gammas in the first half of its columns.",
    "Beyond the code: eps, momentum and soft classes.",
  ],
};

/**
 * Sandwich batch normalization of any rank >= 2.
 *
 *     s = sharedGamma·(x − mean) / √(var + eps) + sharedBeta
 *     y[n] = gammaEmbed[k_n]·s[n] + betaEmbed[k_n]
 *
 * Mean and variance are those of the whole batch, all classes together. Soft classes mix rows.
 *
 * **When to use.** In class-conditional batch norm's place: what the classes have in common is learned
 * once, from all samples, and the tables hold how they differ.
 *
 * **Differs from the paper.** Any channel axis; soft classes.
 *
 * Parameters: `sharedGamma`, `sharedBeta` [numFeatures], `gammaEmbed`, `betaEmbed` [numClasses, numFeatures].
 * State: `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` []. Condition: `classes`.
 *
 * @throws ShapeError for a wrong rank, channel count, number of ids, an empty batch, or one value per
 *   channel in training; ValueError for an id that is no class, and for statistics that are not finite.
 *   State is never half-updated.
 *
 * @example
 * const norm = sandwichBatchNorm({ numFeatures: 3, numClasses: 10 });
 * const { params, state } = norm.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const { output } = norm.apply(x, params, state, { condition: { classes: [7, 2] } });
 *
 * @see Gong, Chen, Chen and Wang, Sandwich Batch Normalization, WACV 2022, arXiv 2102.11382.
 */
export const sandwichBatchNorm: Norm<SandwichBatchNormOptions, SandwichBatchNormCondition> =
  defineNorm<SandwichBatchNormOptions, SandwichBatchNormCondition>({
    card,
    options: { ...batchOptions, ...sandwichInit(0), numClasses: count() },
    init: (options, dtype, random) => ({
      params: initSandwich([options.numClasses, options.numFeatures], options, dtype, random),
      state: options.trackRunningStats ? initRunning(options.numFeatures, dtype) : {},
    }),
    fusesActivation: true,
    apply(x, params, state, options, { mode, condition, activation }) {
      const { numClasses } = options;
      const samples = countSamples(card.id, x, options);
      const classes = checkClasses(card.id, condition?.classes, { numClasses, samples });
      const rows = sandwichAffine(params, (table) => lookup(table, classes));
      return normalizeBatch(card.id, x, rows, {
        ...{ state, options, mode, activation },
        perSample: true,
      });
    },
  });

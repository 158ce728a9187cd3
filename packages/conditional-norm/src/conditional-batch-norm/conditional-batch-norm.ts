import { add, ones, type Random, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  type Card,
  countSamples,
  defineNorm,
  initRunning,
  type Norm,
  normalizeBatch,
  type Tensors,
} from "@evenkeel/norm-core";
import { xavierUniform } from "../first-values.ts";
import { checkRows } from "../rows.ts";
import { debiasedRunning, deltaOf } from "./deltas.ts";
import { type ConditionalBatchNormOptions, checkTogether, optionRules } from "./options.ts";

export type { ConditionalBatchNormOptions } from "./options.ts";

/** What conditional batch norm must be told about a batch. */
export interface ConditionalBatchNormCondition {
  /** [samples, embeddingSize]. */
  readonly embedding: Tensor;
  /** Drawn from for dropout in training; needed where there is any. */
  readonly random?: Random | undefined;
}

const card: Card = {
  id: "conditionalBatchNorm",
  name: "Conditional batch normalization",
  summary: "Batch norm with a frozen weight and bias, to which MLPs of an embedding add deltas.",
  tex: String.raw`y = (\gamma_c + \Delta\gamma_{n,c})\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c + \Delta\beta_{n,c}`,
  paper: {
    title: "Modulating early visual processing by language",
    authors: "de Vries, Strub, Mary, Larochelle, Pietquin, Courville",
    year: 2017,
    venue: "NeurIPS",
    arxiv: "1707.00683",
    code: "GuessWhatGame/neural_toolbox",
  },
  // The published code is TensorFlow 1. The base has the keys of BatchNorm2d, so pretrained ones load.
  keys: {
    gamma: "weight",
    beta: "bias",
    gammaHiddenWeight: "gamma_hidden.weight",
    gammaHiddenBias: "gamma_hidden.bias",
    gammaOutWeight: "gamma_out.weight",
    betaHiddenWeight: "beta_hidden.weight",
    betaHiddenBias: "beta_hidden.bias",
    betaOutWeight: "beta_out.weight",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    meanEmaBiased: "mean_ema_biased",
  },
  frozen: ["gamma", "beta"],
  notes: [
    "Running statistics are PyTorch's by default; momentum 0.01, unbiasedRunningVar false and zeroDebiasMean true are those of the published code.",
    "Running statistics start at 0 and 1; in the published code TensorFlow's initializer draws them.",
    "Dropout draws from the stream in the condition, so that the norm stays a pure function.",
  ],
};

/**
 * Conditional batch normalization of any rank >= 2: the visual half of a network, steered by language.
 *
 *     Δgamma = gammaOutWeight · relu(gammaHiddenWeight · e + gammaHiddenBias)         Δbeta likewise
 *     y[n, c] = (gamma_c + Δgamma[n, c])·(x − mean_c) / √(var_c + eps) + beta_c + Δbeta[n, c]
 *
 * **When to use.** To condition a pretrained network on a sentence or another embedding and leave its
 * own weights alone. Trained from scratch, `filmBatchNorm` does the same with less.
 *
 * **Differs from the paper.** Nothing in the function. `gamma` and `beta` are frozen by nn as in the
 * paper; whoever differentiates `apply` gets their gradients, too.
 *
 * Parameters: `gamma`, `beta` [numFeatures]; for each of gamma and beta in use `…HiddenWeight`
 * [hiddenSize, embeddingSize], `…HiddenBias` [hiddenSize], `…OutWeight` [numFeatures, hiddenSize].
 * State: `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` [], and with `zeroDebiasMean`
 * `meanEmaBiased` [numFeatures]. Condition: `embedding`, and `random` for dropout.
 *
 * @throws OptionError for neither delta, and for `zeroDebiasMean` without a momentum above 0; ShapeError
 *   for a wrong rank, channel count, width of the embedding, an empty batch, or one value per channel in
 *   training; ValueError for dropout without a stream, and for statistics that are not finite.
 *
 * @example
 * const bn = conditionalBatchNorm({ numFeatures: 3, embeddingSize: 16, hiddenSize: 32 });
 * const { params, state } = bn.init();
 * const x = random(1).normal([2, 3, 4, 4]);
 * const embedding = random(2).normal([2, 16]);
 * const { output } = bn.apply(x, params, state, { condition: { embedding } });
 *
 * @see de Vries et al., Modulating early visual processing by language, NeurIPS 2017, arXiv 1707.00683.
 */
export const conditionalBatchNorm: Norm<
  ConditionalBatchNormOptions,
  ConditionalBatchNormCondition
> = defineNorm<ConditionalBatchNormOptions, ConditionalBatchNormCondition>({
  card,
  options: optionRules,
  check: checkTogether,
  init(options, dtype, random) {
    const { numFeatures, useGamma, useBeta, trackRunningStats, zeroDebiasMean } = options;
    const { embeddingSize, hiddenSize, outInit } = options;
    const mlp = (side: string): Tensors => ({
      [`${side}HiddenWeight`]: xavierUniform([hiddenSize, embeddingSize], random, dtype),
      [`${side}HiddenBias`]: zeros([hiddenSize], { dtype }),
      [`${side}OutWeight`]:
        outInit === "zeros"
          ? zeros([numFeatures, hiddenSize], { dtype })
          : xavierUniform([numFeatures, hiddenSize], random, dtype),
    });
    const base = { gamma: ones([numFeatures], { dtype }), beta: zeros([numFeatures], { dtype }) };
    const running = trackRunningStats ? initRunning(numFeatures, dtype) : {};
    const raw = trackRunningStats &&
      zeroDebiasMean && { meanEmaBiased: zeros([numFeatures], { dtype }) };
    return {
      params: { ...base, ...(useGamma && mlp("gamma")), ...(useBeta && mlp("beta")) },
      state: { ...running, ...raw },
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { condition, ...how }) {
    const { embeddingSize, useGamma, useBeta, zeroDebiasMean, momentum } = options;
    const samples = countSamples(card.id, x, options);
    const embedding = checkRows(`${card.id} embedding`, condition?.embedding, [
      samples,
      embeddingSize,
    ]);
    const dropout = { p: how.mode.update ? options.dropout : 0, random: condition?.random };
    const delta = (side: string): Tensor => deltaOf(card.id, params, side, embedding, dropout);
    const { gamma, beta } = params;
    const rows = {
      weight: useGamma ? add(gamma!, delta("gamma")) : gamma!,
      bias: useBeta ? add(beta!, delta("beta")) : beta!,
    };
    const call = { ...how, state, options, perSample: true };
    if (!zeroDebiasMean) return normalizeBatch(card.id, x, rows, call);
    const update = debiasedRunning(card.id, state, momentum!);
    return normalizeBatch(card.id, x, rows, { ...call, update });
  },
});

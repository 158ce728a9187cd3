import {
  cast,
  concat,
  full,
  gather,
  mean,
  mul,
  ones,
  type Random,
  random,
  type Tensor,
  tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  embeddingRejections,
  overflowsBefore,
} from "../batch.case.ts";
import { oneHot } from "../classes.case.ts";
import { expectNear } from "../near.ts";
import { batchNormOfRows } from "../rows.reference.ts";
import { conditionalBatchNormReference } from "./conditional-batch-norm.reference.ts";
import {
  type ConditionalBatchNormCondition,
  type ConditionalBatchNormOptions,
  conditionalBatchNorm,
} from "./conditional-batch-norm.ts";

type Options = ConditionalBatchNormOptions;

/** What conditional batch norm promises, as data for `normSuite`. */
export const conditionalBatchNormCase: NormCase<Options, ConditionalBatchNormCondition> = {
  norm: conditionalBatchNorm,
  options: (numFeatures) => [
    { numFeatures, embeddingSize: 4, hiddenSize: 8 },
    { numFeatures, embeddingSize: 3, hiddenSize: 2, useBeta: false, outInit: "zeros" },
    { numFeatures, embeddingSize: 2, hiddenSize: 3, useGamma: false, trackRunningStats: false },
    {
      ...{ numFeatures, embeddingSize: 1, hiddenSize: 3, eps: 1e-3 },
      ...{ momentum: 0.2, unbiasedRunningVar: false, zeroDebiasMean: true },
    },
  ],
  reference: conditionalBatchNormReference,
  accepts: acceptsBatch,
  exceptExtreme: overflowsBefore,
  condition: (stream, [samples], { embeddingSize }) => ({
    embedding: stream.normal([samples!, embeddingSize], { dtype: "float64" }),
  }),
  conditionGradients: true,
  domains: {
    options: (usual, embeddingSize) => ({ ...usual, embeddingSize }),
    condition: (ids, numDomains) => ({ embedding: cast(oneHot(ids, numDomains), "float32") }),
  },
  reducesTo: [
    {
      name: "batch norm by the base where the output layers are 0",
      params: (params) =>
        Object.fromEntries(
          Object.entries(params).map(([n, t]) => [n, n.endsWith("OutWeight") ? zerosLike(t) : t]),
        ),
      equals(call) {
        const { gamma, beta } = call.params;
        return batchNormOfRows(
          call,
          (_, c) => gamma!.data[c]!,
          (_, c) => beta!.data[c]!,
        ).output;
      },
    },
  ],
  laws: [
    {
      name: "outInit zeros starts as the base, whatever the embedding",
      holds({ options, x, state, mode, condition, seed }) {
        const start = (rest: Partial<Options>): Tensor => {
          const bound = conditionalBatchNorm({ ...options, ...rest });
          const { params } = bound.init({ dtype: "float64", random: random(seed) });
          return bound.apply(x, params, state, { mode, condition }).output;
        };
        const one = conditionalBatchNorm({ ...options, outInit: "zeros" });
        const { params } = one.init({ dtype: "float64" });
        const none = { embedding: zerosLike(condition!.embedding) };
        const base = one.apply(x, params, state, { mode, condition: none }).output;
        expectNear(start({ outInit: "zeros" }), base);
      },
    },
    {
      name: "dropout drops or scales hidden units by the stream, those of gamma first",
      modes: [{ statistics: "running", update: true }],
      holds({ options, x, params, state, mode, condition, seed }) {
        if (!state["runningMean"]) return;
        const { embedding } = condition!;
        const dropping = conditionalBatchNorm({ ...options, dropout: 0.4 });
        const given = { embedding, random: random(seed) };
        const { output } = dropping.apply(x, params, state, { mode, condition: given });
        const kept = keptUnits(params, x.shape[0]!, 0.4, random(seed));
        const plain = conditionalBatchNorm(options);
        const alone = kept.map((scaled, n) => {
          const row = { embedding: gather(embedding, [n]) };
          const call = { mode: evaluation, condition: row };
          return plain.apply(gather(x, [n]), { ...params, ...scaled }, state, call).output;
        });
        expectNear(output, concat(alone));
      },
    },
    {
      name: "nothing is dropped in evaluation",
      modes: [evaluation],
      holds({ options, bound, x, params, state, mode, condition }) {
        const dropping = conditionalBatchNorm({ ...options, dropout: 0.9 });
        const { output } = dropping.apply(x, params, state, { mode, condition });
        expectNear(output, bound.apply(x, params, state, { mode, condition }).output);
      },
    },
    {
      name: "a debiased running mean is the first batch's mean, wherever it started",
      modes: [training],
      holds({ options, x, params, condition }) {
        const bound = conditionalBatchNorm({
          ...{ ...options, momentum: 0.01 },
          ...{ trackRunningStats: true, zeroDebiasMean: true },
        });
        const { state } = bound.init({ dtype: "float64" });
        const runningMean = full(state["runningMean"]!.shape, 9, { dtype: "float64" });
        const next = bound.apply(x, params, { ...state, runningMean }, { condition }).state;
        const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
        expectNear(next["runningMean"]!, mean(x, { axes }));
      },
    },
  ],
  rejects: [
    ...batchRejections<Options, ConditionalBatchNormCondition>("conditionalBatchNorm", {
      embedding: ones([4, 4], { dtype: "float64" }),
    }),
    ...embeddingRejections<Options, ConditionalBatchNormCondition>("conditionalBatchNorm", 4),
    {
      name: "dropout in training without a stream",
      run({ options, x, params, state, condition }) {
        const bound = conditionalBatchNorm({ ...options, dropout: 0.5 });
        bound.apply(x, params, state, { condition });
      },
      message:
        "conditionalBatchNorm random: expected a stream made by random(seed), for dropout 0.5 in training, got none. Pass it in the condition.",
    },
    {
      name: "dropout of everything",
      run: () => conditionalBatchNorm({ numFeatures: 3, embeddingSize: 4, dropout: 1 }),
      message: "conditionalBatchNorm dropout: expected a number >= 0 and < 1, got 1.",
    },
    {
      name: "no delta at all",
      run: () =>
        conditionalBatchNorm({
          ...{ numFeatures: 3, embeddingSize: 4 },
          ...{ useGamma: false, useBeta: false },
        }),
      message:
        "conditionalBatchNorm: expected useGamma or useBeta, got neither. Without deltas this is batch norm: take batchNorm.",
    },
    {
      name: "a cumulative average without its bias",
      run: () =>
        conditionalBatchNorm({
          ...{ numFeatures: 3, embeddingSize: 4 },
          ...{ momentum: null, zeroDebiasMean: true },
        }),
      message:
        "conditionalBatchNorm: expected a momentum above 0 with zeroDebiasMean, got null. A cumulative average has no bias to take away.",
    },
  ],
  golden: [
    {
      method: "conditional-batch-norm",
      // `excluded` is false in every case: a layer without deltas is batch norm.
      options: ({ excluded, frozen: _, runningVariance, ...config }) =>
        excluded
          ? undefined
          : ({
              ...config,
              unbiasedRunningVar: runningVariance === "unbiased",
            } as unknown as Options),
      condition: ({ inputs }) => ({ embedding: inputs["embedding"]! }),
      names: { meanEmaSteps: "numBatchesTracked" },
    },
  ],
};

/** For each sample the output layers times its factors of dropout, drawn as the norm draws them. */
function keptUnits(params: Tensors, samples: number, p: number, stream: Random): Tensors[] {
  const found: Record<string, Tensor>[] = Array.from({ length: samples }, () => ({}));
  for (const name of ["gammaOutWeight", "betaOutWeight"]) {
    const out = params[name];
    if (!out) continue;
    for (const scaled of found) {
      const factors = Float64Array.from({ length: out.shape[1]! }, () =>
        stream.next() < p ? 0 : 1 / (1 - p),
      );
      scaled[name] = mul(out, tensor(factors));
    }
  }
  return found;
}

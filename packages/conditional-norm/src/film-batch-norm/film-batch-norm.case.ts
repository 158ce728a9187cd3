import { cast, ones, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  embeddingRejections,
  overflowsBefore,
} from "../batch.case.ts";
import { oneHot } from "../classes.case.ts";
import { film, filmGenerator } from "../film/film.ts";
import { expectNear } from "../near.ts";
import { batchNormOfRows } from "../rows.reference.ts";
import { filmBatchNormReference } from "./film-batch-norm.reference.ts";
import {
  type EmbeddingCondition,
  type FilmBatchNormOptions,
  filmBatchNorm,
} from "./film-batch-norm.ts";

/** What FiLM's batch norm promises, as data for `normSuite`. */
export const filmBatchNormCase: NormCase<FilmBatchNormOptions, EmbeddingCondition> = {
  norm: filmBatchNorm,
  options: (numFeatures) => [
    { numFeatures, embeddingSize: 4 },
    { numFeatures, embeddingSize: 2, gammaBaseline: 0, trackRunningStats: false },
    { numFeatures, embeddingSize: 1, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: filmBatchNormReference,
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
      name: "batch norm times the baseline where the generator is 0",
      params: (params) =>
        Object.fromEntries(Object.entries(params).map(([name, t]) => [name, zerosLike(t)])),
      equals: (call) =>
        batchNormOfRows(
          call,
          () => call.options.gammaBaseline ?? 1,
          () => 0,
        ).output,
    },
  ],
  laws: [
    {
      name: "batch norm without an affine, then film by the generator, is the same",
      holds({ options, bound, x, params, state, mode, condition }) {
        const { generatorWeight, generatorBias } = params;
        const still = {
          generatorWeight: zerosLike(generatorWeight!),
          generatorBias: zerosLike(generatorBias!),
        };
        const plain = filmBatchNorm({ ...options, gammaBaseline: 1 });
        const standard = plain.apply(x, still, state, { mode, condition }).output;
        const made = filmGenerator(condition!.embedding, generatorWeight!, generatorBias, options);
        const { numFeatures } = options;
        const modulated = film({ numFeatures }).apply(standard, {}, {}, { condition: made });
        const { output } = bound.apply(x, params, state, { mode, condition });
        expectNear(modulated.output, output);
      },
    },
  ],
  rejects: [
    ...batchRejections<FilmBatchNormOptions, EmbeddingCondition>("filmBatchNorm", {
      embedding: ones([4, 4], { dtype: "float64" }),
    }),
    ...embeddingRejections<FilmBatchNormOptions, EmbeddingCondition>("filmBatchNorm", 4),
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([1, 3]), params, state, {
          condition: { embedding: zeros([1, 4], { dtype: "float64" }) },
        }),
      message:
        "filmBatchNorm: expected more than one value for each statistic, got shape [1, 3]. Use larger batches, evaluation mode, or group norm.",
    },
  ],
  golden: [
    {
      method: "film",
      options: ({ variant, ...config }) =>
        variant === "bn-film" ? (config as unknown as FilmBatchNormOptions) : undefined,
      condition: ({ inputs }) => ({ embedding: inputs["embedding"]! }),
    },
  ],
};

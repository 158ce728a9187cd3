import { transpose, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  embeddingRejections,
  overflowsBefore,
} from "../batch.case.ts";
import { drawClasses, oneHot } from "../classes.case.ts";
import { expectNear } from "../near.ts";
import { batchNormOfRows } from "../rows.reference.ts";
import { bigganBatchNormReference } from "./biggan-batch-norm.reference.ts";
import {
  type BigganBatchNormOptions,
  type BigganCondition,
  bigganBatchNorm,
} from "./biggan-batch-norm.ts";

/** What BigGAN's conditional batch norm promises, as data for `normSuite`. */
export const bigganBatchNormCase: NormCase<BigganBatchNormOptions, BigganCondition> = {
  norm: bigganBatchNorm,
  options: (numFeatures) => [
    { numFeatures, embeddingSize: 4 },
    { numFeatures, numClasses: 3 },
    { numFeatures, numClasses: 1, trackRunningStats: false },
    { numFeatures, embeddingSize: 1, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: bigganBatchNormReference,
  accepts: acceptsBatch,
  exceptExtreme: overflowsBefore,
  condition: (stream, [samples], { numClasses, embeddingSize }) =>
    numClasses === undefined
      ? { embedding: stream.normal([samples!, embeddingSize!], { dtype: "float64" }) }
      : { classes: drawClasses(stream, samples!, numClasses) },
  domains: {
    options: ({ embeddingSize: _, ...usual }, numClasses) => ({ ...usual, numClasses }),
    condition: (classes) => ({ classes }),
  },
  reducesTo: [
    {
      name: "batch norm without an affine where gain and bias are 0",
      params: (params) =>
        Object.fromEntries(Object.entries(params).map(([name, t]) => [name, zerosLike(t)])),
      equals: (call) =>
        batchNormOfRows(
          call,
          () => 1,
          () => 0,
        ).output,
    },
  ],
  laws: [
    {
      name: "an embedding that is one class of its own is a lookup",
      holds({ options, bound, x, params, state, mode, condition }) {
        const { numClasses, ...rest } = options;
        const { classes } = condition!;
        if (numClasses === undefined || !classes || "shape" in classes) return;
        const linear = bigganBatchNorm({ ...rest, embeddingSize: numClasses });
        const { gammaEmbed, betaEmbed } = params;
        const same = { gainWeight: transpose(gammaEmbed!), biasWeight: transpose(betaEmbed!) };
        const embedding = oneHot(classes, numClasses);
        const got = linear.apply(x, same, state, { mode, condition: { embedding } });
        expectNear(got.output, bound.apply(x, params, state, { mode, condition }).output);
      },
    },
  ],
  rejects: [
    ...batchRejections<BigganBatchNormOptions, BigganCondition>("bigganBatchNorm", {
      embedding: zeros([4, 4], { dtype: "float64" }),
    }),
    ...embeddingRejections<BigganBatchNormOptions, BigganCondition>("bigganBatchNorm", 4),
    {
      name: "classes where an embedding is needed",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { classes: [0, 1, 2, 3] } }),
      message:
        "bigganBatchNorm embedding: expected shape [4, 4], one row per sample, got none. Pass it in the condition.",
    },
    {
      name: "an embedding where classes are needed",
      run({ x, condition }) {
        const bound = bigganBatchNorm({ numFeatures: 3, numClasses: 2 });
        const { params, state } = bound.init({ dtype: "float64" });
        bound.apply(x, params, state, { condition });
      },
      message:
        "bigganBatchNorm classes: expected 4 ids, one per sample, or soft classes of shape [4, 2], got none. Pass them in the condition.",
    },
    {
      name: "neither classes nor an embedding among the options",
      run: () => bigganBatchNorm({ numFeatures: 3 }),
      message: "bigganBatchNorm: expected either numClasses or embeddingSize, got {}.",
    },
    {
      name: "both among the options",
      run: () => bigganBatchNorm({ numFeatures: 3, numClasses: 2, embeddingSize: 4 }),
      message:
        'bigganBatchNorm: expected either numClasses or embeddingSize, got {"numClasses":2,"embeddingSize":4}.',
    },
    {
      name: "no classes at all",
      run: () => bigganBatchNorm({ numFeatures: 3, numClasses: 0 }),
      message: "bigganBatchNorm numClasses: expected a whole number >= 1, or nothing, got 0.",
    },
  ],
  golden: [
    {
      method: "class-conditional-batch-norm-biggan",
      options: ({ gammaOffset: _, conditioning: __, ...config }) =>
        config as unknown as BigganBatchNormOptions,
      condition: ({ inputs: { classId, embedding } }) =>
        classId ? { classes: Int32Array.from(classId.data) } : { embedding },
    },
  ],
};

import { type Random, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { acceptsBatch, batchRejections, expectNear } from "../batch.case.ts";
import { classBalancedBatchNormReference } from "./class-balanced-batch-norm.reference.ts";
import {
  type ClassBalancedBatchNormCondition,
  type ClassBalancedBatchNormOptions,
  classBalancedBatchNorm,
} from "./class-balanced-batch-norm.ts";

/** What balanced batches may have come to. */
function trained(stream: Random, { runningMean, runningVar }: Tensors): Tensors {
  if (!runningMean || !runningVar) return {};
  return {
    runningMean: stream.normal(runningMean.shape, { dtype: "float64" }),
    runningVar: stream.uniform(runningVar.shape, { low: 0.5, high: 2, dtype: "float64" }),
    numBatchesTracked: tensor(Float64Array.of(1 + stream.integer(3)), { shape: [] }),
  };
}

/** What class-balanced batch norm promises, as data for `normSuite`. */
export const classBalancedBatchNormCase: NormCase<
  ClassBalancedBatchNormOptions,
  ClassBalancedBatchNormCondition
> = {
  norm: classBalancedBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false },
    { numFeatures, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: classBalancedBatchNormReference,
  modes: [training, evaluation, { statistics: "batch", update: false }],
  accepts: acceptsBatch,
  state: trained,
  condition: (stream) => (stream.next() < 0.2 ? undefined : { balanced: stream.next() < 0.5 }),
  // Batches of shuffled images hold all classes, in almost equal numbers.
  domains: { options: (usual) => usual, condition: () => ({ balanced: true }) },
  laws: [
    {
      name: "training on a batch that is not balanced gives back the very state",
      modes: [training],
      holds({ bound, x, params, state, mode }) {
        const { state: next } = bound.apply(x, params, state, { mode });
        if (next !== state) throw new Error("expected the same object");
      },
    },
    {
      name: "a balanced batch gives the same output as another",
      modes: [training],
      holds({ bound, x, params, state }) {
        const output = (balanced: boolean): Tensor =>
          bound.apply(x, params, state, { condition: { balanced } }).output;
        expectNear(output(true), output(false), 0);
      },
    },
  ],
  rejects: [
    ...batchRejections<ClassBalancedBatchNormOptions, ClassBalancedBatchNormCondition>(
      "classBalancedBatchNorm",
      { balanced: true },
    ),
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "classBalancedBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "evaluation before any balanced batch",
      run({ bound, x, params }) {
        const { state } = bound.init({ dtype: "float64" });
        const next = bound.apply(x, params, state).state;
        bound.apply(x, params, next, { mode: evaluation });
      },
      message:
        "classBalancedBatchNorm: expected running statistics of at least one balanced batch, got the first values. Forward one in training with { balanced: true } in the condition.",
    },
  ],
  golden: [
    {
      method: "bn-tricks",
      options: (config) => config as unknown as ClassBalancedBatchNormOptions,
      condition: ({ step }) => ({ balanced: step["phase"] === "statsOnly" }),
      understands: ["phase"],
    },
  ],
};

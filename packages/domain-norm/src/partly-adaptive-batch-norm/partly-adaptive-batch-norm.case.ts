import { slice, type Tensor } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { normalizeBy, runningOf } from "../batch.reference.ts";
import { acceptsTarget, batchRejections, everyMode, trainedState } from "../shared.case.ts";
import { partlyAdaptiveBatchNormReference } from "./partly-adaptive-batch-norm.reference.ts";
import {
  type PartlyAdaptiveBatchNormOptions,
  partlyAdaptiveBatchNorm,
} from "./partly-adaptive-batch-norm.ts";

/** What partly adaptive batch norm promises, as data for `normSuite`. */
export const partlyAdaptiveBatchNormCase: NormCase<PartlyAdaptiveBatchNormOptions> = {
  norm: partlyAdaptiveBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, adaptVar: false, momentum: null },
    { numFeatures, adaptMean: false, affine: false, unbiasedRunningVar: false },
    { numFeatures, trackRunningStats: false, eps: 1e-3 },
  ],
  reference: partlyAdaptiveBatchNormReference,
  modes: everyMode,
  accepts: acceptsTarget,
  state: trainedState,
  gradientOrder: 0,
  exceptions: {
    splitting: "in evaluation, too, statistics of the whole batch are used",
    gradients: "the test batch's statistics are constants; the spec checks training",
  },
  reducesTo: [
    {
      name: "batch norm by running statistics where nothing is adapted",
      modes: [evaluation],
      options: (options) =>
        options.trackRunningStats === false
          ? undefined
          : { ...options, adaptMean: false, adaptVar: false },
      equals: ({ x, params, state, options: { eps = 1e-5 } }) =>
        normalizeBy(x, params, eps, runningOf(state)),
    },
  ],
  laws: [
    {
      name: "evaluation with an update keeps the source statistics to the bit",
      modes: [{ statistics: "running", update: true }],
      holds({ bound, mode, x, params, state }) {
        const next = bound.apply(x, params, state, { mode }).state;
        for (const name of ["runningMean", "runningVar", "numBatchesTracked"]) {
          const same = (t: Tensor | undefined): string => `${t?.data.join()}`;
          if (same(next[name]) !== same(state[name])) throw new Error(`${name} changed`);
        }
      },
    },
  ],
  rejects: [
    ...batchRejections<PartlyAdaptiveBatchNormOptions, never>("partlyAdaptiveBatchNorm"),
    {
      name: "evaluation of a single value per channel",
      run: ({ bound, x, params, state }) =>
        bound.apply(slice(x, [0, 0, 0], [1, 3, 1]), params, state, { mode: evaluation }),
      message:
        "partlyAdaptiveBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Adapt to larger batches, or evaluate by batch norm.",
    },
  ],
  golden: [
    {
      method: "partly-adaptive-bn",
      options: (config) => config as unknown as PartlyAdaptiveBatchNormOptions,
      names: { sourceMean: "runningMean", sourceVar: "runningVar" },
      mode: () => ({ statistics: "running", update: true }),
    },
  ],
};

import { slice } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { normalizeBy, runningOf } from "../batch.reference.ts";
import { acceptsTarget, batchRejections, everyMode, trainedState } from "../shared.case.ts";
import { alphaBatchNormReference } from "./alpha-batch-norm.reference.ts";
import { type AlphaBatchNormOptions, alphaBatchNorm } from "./alpha-batch-norm.ts";

/** What alpha batch norm promises, as data for `normSuite`. */
export const alphaBatchNormCase: NormCase<AlphaBatchNormOptions> = {
  norm: alphaBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, sourceWeight: 0.3, gradThroughStats: true },
    { numFeatures, trackRunningStats: false },
    { numFeatures, sourceWeight: 0, targetVarUnbiased: false, eps: 1e-3 },
    { numFeatures, sourceWeight: 1, momentum: null, unbiasedRunningVar: false },
  ],
  reference: alphaBatchNormReference,
  modes: everyMode,
  accepts: acceptsTarget,
  state: trainedState,
  gradientOrder: 0,
  exceptions: {
    splitting: "in evaluation, too, statistics of the whole batch are mixed in",
    gradients:
      "the batch's statistics are constants in evaluation, unless gradThroughStats; the spec checks that",
  },
  reducesTo: [
    {
      name: "batch norm by running statistics at sourceWeight 1",
      modes: [evaluation],
      options: (options) =>
        options.trackRunningStats === false ? undefined : { ...options, sourceWeight: 1 },
      equals: ({ x, params, state, options: { eps = 1e-5 } }) =>
        normalizeBy(x, params, eps, runningOf(state)),
    },
  ],
  laws: [
    {
      name: "evaluation leaves the source statistics, even where the mode says update",
      holds({ bound, x, params, state }) {
        const mode = { statistics: "running", update: true } as const;
        if (Object.keys(state).length === 0) return;
        if (bound.apply(x, params, state, { mode }).state !== state) throw new Error("it changed");
      },
    },
  ],
  rejects: [
    ...batchRejections<AlphaBatchNormOptions, never>("alphaBatchNorm"),
    {
      name: "evaluation of a single value per channel",
      run: ({ bound, x, params, state }) =>
        bound.apply(slice(x, [0, 0, 0], [1, 3, 1]), params, state, { mode: evaluation }),
      message:
        "alphaBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Adapt to larger batches, or evaluate by batch norm.",
    },
    {
      name: "a source weight above 1",
      run: () => alphaBatchNorm({ numFeatures: 3, sourceWeight: 16 }),
      message: "alphaBatchNorm sourceWeight: expected a number from 0 to 1, got 16.",
    },
  ],
  golden: [{ method: "alpha-bn", options: (config) => config as unknown as AlphaBatchNormOptions }],
};

import { slice } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import {
  acceptsTarget,
  batchRejections,
  everyMode,
  expectNear,
  trainedState,
} from "../shared.case.ts";
import { emaAdaptiveBatchNormReference } from "./ema-adaptive-batch-norm.reference.ts";
import {
  type EmaAdaptiveBatchNormOptions,
  emaAdaptiveBatchNorm,
} from "./ema-adaptive-batch-norm.ts";

/** What EMA-adaptive batch norm promises, as data for `normSuite`. */
export const emaAdaptiveBatchNormCase: NormCase<EmaAdaptiveBatchNormOptions> = {
  norm: emaAdaptiveBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, momentum: 0.2, affine: false },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, unbiasedRunningVar: false },
  ],
  reference: emaAdaptiveBatchNormReference,
  modes: everyMode,
  accepts: acceptsTarget,
  state: trainedState,
  gradientOrder: 0,
  exceptions: {
    splitting: "in evaluation, too, the batch enters the statistics that normalize it",
    gradients: "the averages are constants in evaluation; the spec checks training",
  },
  laws: [
    {
      name: "with momentum null and no batch counted, what the statistics were does not matter",
      holds({ options, x, params, state }) {
        if (options.trackRunningStats === false) return;
        const bound = emaAdaptiveBatchNorm({ ...options, momentum: null });
        const fresh = bound.init({ dtype: "float64" }).state;
        const { numBatchesTracked } = fresh;
        const mode = { statistics: "running", update: true } as const;
        const first = bound.apply(x, params, fresh, { mode });
        const other = bound.apply(
          x,
          params,
          { ...state, numBatchesTracked: numBatchesTracked! },
          { mode },
        );
        expectNear(other.output.data, first.output.data);
        expectNear(other.state["runningVar"]!.data, first.state["runningVar"]!.data);
      },
    },
  ],
  rejects: [
    ...batchRejections<EmaAdaptiveBatchNormOptions, never>("emaAdaptiveBatchNorm"),
    {
      name: "evaluation of a single value per channel",
      run: ({ bound, x, params, state }) =>
        bound.apply(slice(x, [0, 0, 0], [1, 3, 1]), params, state, { mode: evaluation }),
      message:
        "emaAdaptiveBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Adapt to larger batches, or evaluate by batch norm.",
    },
  ],
  golden: [
    {
      method: "ema-adaptive-bn",
      options: (config) => config as unknown as EmaAdaptiveBatchNormOptions,
      mode: () => ({ statistics: "running", update: true }),
    },
  ],
};

import { slice } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchRejections, everyMode, expectNear, trainedState, valuesOf } from "../shared.case.ts";
import { predictionTimeBatchNormReference } from "./prediction-time-batch-norm.reference.ts";
import {
  type PredictionTimeBatchNormOptions,
  predictionTimeBatchNorm,
} from "./prediction-time-batch-norm.ts";

/** What prediction-time batch norm promises, as data for `normSuite`. */
export const predictionTimeBatchNormCase: NormCase<PredictionTimeBatchNormOptions> = {
  norm: predictionTimeBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: predictionTimeBatchNormReference,
  modes: everyMode,
  accepts: (shape) => valuesOf(shape) > 1,
  state: trainedState,
  exceptions: { splitting: "in evaluation, too, the statistics are those of the whole batch" },
  laws: [
    {
      name: "evaluation gives what training gives, whatever the running statistics",
      holds({ bound, x, params, state }) {
        const trained = bound.apply(x, params, state, { mode: training });
        const evaluated = bound.apply(x, params, state, { mode: evaluation });
        expectNear(evaluated.output.data, trained.output.data);
        if (evaluated.state !== state) throw new Error("evaluation changed the state");
      },
    },
  ],
  rejects: [
    ...batchRejections<PredictionTimeBatchNormOptions, never>("predictionTimeBatchNorm"),
    {
      name: "evaluation of a single value per channel",
      run: ({ bound, x, params, state }) =>
        bound.apply(slice(x, [0, 0, 0], [1, 3, 1]), params, state, { mode: evaluation }),
      message:
        "predictionTimeBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
  ],
  golden: [
    {
      method: "prediction-time-bn",
      options: ({ numFeatures, eps, momentum, noStats }) =>
        ({ numFeatures, eps, momentum, trackRunningStats: !noStats }) as never,
      mode: () => ({ statistics: "running", update: true }),
      state: {
        from: (buffers, initial, { noStats }): Tensors =>
          noStats ? {} : { ...initial, ...buffers },
        to: (state) => state,
      },
    },
  ],
};

import { tensor, zeros } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { instanceNormReference } from "./instance-norm.reference.ts";
import { type InstanceNormOptions, instanceNorm } from "./instance-norm.ts";

/** What instance norm promises, as data for `normSuite`. */
export const instanceNormCase: NormCase<InstanceNormOptions> = {
  norm: instanceNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: true },
    { numFeatures, affine: true, trackRunningStats: true },
    { numFeatures, trackRunningStats: true, momentum: null, unbiasedRunningVar: false },
  ],
  reference: instanceNormReference,
  accepts: (shape, { trackRunningStats = false }, mode) =>
    shape.slice(2).reduce((product, n) => product * n, 1) > 1 ||
    (trackRunningStats && mode.statistics === "running" && !mode.update),
  batchIndependent: true,
  rejects: [
    {
      name: "an input without space",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 3]), params, state),
      message:
        "instanceNorm: expected more than one value for each statistic, got shape [4, 3]. It needs at least one axis of space.",
    },
    {
      name: "one position, in evaluation too",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([4, 3, 1]), params, state, { mode: evaluation }),
      message:
        "instanceNorm: expected more than one value for each statistic, got shape [4, 3, 1]. It needs at least one axis of space.",
    },
    {
      name: "another number of channels, without affine and tracking too",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "instanceNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "NaN in the running statistics",
      run({ x }) {
        const bound = instanceNorm({ numFeatures: 3, trackRunningStats: true });
        const { params, state } = bound.init({ dtype: "float64" });
        const runningMean = tensor(Float64Array.of(0, 0, Number.NaN));
        bound.apply(x, params, { ...state, runningMean }, { mode: evaluation });
      },
      message:
        "instanceNorm: expected a finite running mean, got NaN in channel 2. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    { method: "instance-norm", options: (config) => config as unknown as InstanceNormOptions },
  ],
};

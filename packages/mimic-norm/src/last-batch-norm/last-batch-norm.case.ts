import { mul, zeros } from "@evenkeel/autodiff";
import type { Mode } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { lastBatchNormReference } from "./last-batch-norm.reference.ts";
import { type LastBatchNormOptions, lastBatchNorm } from "./last-batch-norm.ts";

/** What the last batch norm promises, as data for `normSuite`. */
export const lastBatchNormCase: NormCase<LastBatchNormOptions> = {
  norm: lastBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: lastBatchNormReference,
  accepts: (shape, { trackRunningStats = true }, { statistics, update }: Mode) =>
    shape.reduce((product, n) => product * n, 1) / shape[1]! > 1 ||
    (statistics === "running" && !(update && trackRunningStats)),
  laws: [
    {
      name: "a positive scale of the logits changes nothing in training, without eps",
      modes: [{ statistics: "batch", update: false }],
      holds({ options, x, params, state }) {
        const bound = lastBatchNorm({ ...options, eps: 0 });
        const [plain, scaled] = [x, mul(x, 7)].map((t) => bound.apply(t, params, state).output);
        plain!.data.forEach((v, i) => {
          if (Math.abs(v - scaled!.data[i]!) <= 1e-10 * (1 + Math.abs(v))) return;
          throw new Error(`expected ${v}, got ${scaled!.data[i]}`);
        });
      },
    },
  ],
  rejects: [
    {
      name: "one sample in training",
      run: () => lastBatchNorm({ numFeatures: 3 }).apply(zeros([1, 3]), {}, {}),
      message:
        "lastBatchNorm: expected more than one value for each statistic, got shape [1, 3]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "another number of classes",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5]), params, state),
      message:
        "lastBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5]. Set the number of channels to that of x.",
    },
    {
      name: "an affine, which it has not",
      run: () => lastBatchNorm({ numFeatures: 3, affine: true } as LastBatchNormOptions),
      message:
        'lastBatchNorm: expected options among numFeatures, eps, momentum, trackRunningStats, channelAxis, unbiasedRunningVar, got "affine".',
    },
  ],
  golden: [
    {
      method: "mimic-norm",
      options({ component, eps, momentum }, [, numFeatures]) {
        if (component !== "last-bn") return undefined;
        return { numFeatures, eps, momentum } as LastBatchNormOptions;
      },
      names: { running_mean: "runningMean", running_var: "runningVar" },
    },
  ],
};

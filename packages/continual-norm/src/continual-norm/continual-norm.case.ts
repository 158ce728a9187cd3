import { type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { acceptsBatch, batchRejections, everyMode, expectNear } from "../batch.case.ts";
import { continualNormReference } from "./continual-norm.reference.ts";
import { type ContinualNormOptions, continualNorm } from "./continual-norm.ts";

/** Eight groups where there are enough channels, as in comparisons with other continual norms. */
function usualGroups(numFeatures: number): number {
  return [8, 2].find((groups) => numFeatures % groups === 0 && numFeatures > groups) ?? 1;
}

/** What continual norm promises, as data for `normSuite`. */
export const continualNormCase: NormCase<ContinualNormOptions> = {
  norm: continualNorm,
  options: (numFeatures) => [
    { numFeatures, numGroups: usualGroups(numFeatures) },
    { numFeatures, numGroups: 1, momentum: null },
    { numFeatures, numGroups: numFeatures, affine: false },
    { numFeatures, numGroups: 1, trackRunningStats: false },
    { numFeatures, numGroups: 1, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: continualNormReference,
  modes: everyMode,
  accepts: (shape, options, mode) =>
    shape.slice(1).reduce((product, n) => product * n, 1) > (options.numGroups ?? 32) &&
    acceptsBatch(shape, options, mode),
  laws: [
    {
      name: "the level of a sample changes nothing",
      modes: everyMode,
      holds({ bound, mode, x, params, state }) {
        const size = x.size / x.shape[0]!;
        const moved = x.data.map((v, i) => v + 3 * Math.floor(i / size) - 1);
        const apply = (data: ArrayLike<number>): Tensor =>
          bound.apply(tensor(Float64Array.from(data), { shape: x.shape }), params, state, { mode })
            .output;
        expectNear(apply(moved), apply(x.data), 1e-8);
      },
    },
  ],
  rejects: [
    ...batchRejections<ContinualNormOptions, never>("continualNorm", undefined),
    {
      name: "channels that the groups do not divide",
      run: () => continualNorm({ numFeatures: 6, numGroups: 4 }),
      message:
        "continualNorm: expected numGroups that divides numChannels 6, got 4. Take one of 1, 2, 3, 6.",
    },
    {
      name: "groups of one value",
      run: ({ params, state }) =>
        continualNorm({ numFeatures: 3, numGroups: 3 }).apply(zeros([4, 3]), params, state),
      message:
        "continualNorm: expected more than one value for each statistic, got shape [4, 3]. Use fewer groups, or an input with space.",
    },
    {
      name: "one value per channel in training",
      run: ({ params, state }) =>
        continualNorm({ numFeatures: 3, numGroups: 1 }).apply(zeros([1, 3]), params, state),
      message:
        "continualNorm: expected more than one value for each statistic, got shape [1, 3]. Use larger batches, evaluation mode, or group norm.",
    },
  ],
  golden: [
    { method: "continual-norm", options: (config) => config as unknown as ContinualNormOptions },
  ],
};

import { greater, reshape, sub, tensor, zeros } from "@evenkeel/autodiff";
import {
  batchOptions,
  checkOptions,
  evaluation,
  type Mode,
  normalizeBatch,
  training,
} from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { unifiedBatchNormReference } from "./unified-batch-norm.reference.ts";
import {
  featureSimilarity,
  type UnifiedBatchNormOptions,
  unifiedBatchNorm,
} from "./unified-batch-norm.ts";

/** Values of each statistic. */
function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1) / shape[1]!;
}

const plain = { centering: false, scaling: false, affineKernel: 1 };

/** What unified batch norm promises, as data for `normSuite`. */
export const unifiedBatchNormCase: NormCase<UnifiedBatchNormOptions> = {
  norm: unifiedBatchNorm,
  // Of features before a norm few batches are above 0.9.
  options: (numFeatures) => [
    { numFeatures, condensationThreshold: 0.9 },
    { numFeatures, condensationThreshold: 0, affineKernel: 1, momentum: null },
    { numFeatures, condensationThreshold: 0.1, ...plain, warmupUpdates: 0 },
    { numFeatures, condensationThreshold: 0.2, scaling: false, condensedByRunning: false },
    { numFeatures, condensationThreshold: Number.POSITIVE_INFINITY, ...plain, eps: 1e-3 },
    {
      ...{ numFeatures, condensationThreshold: Number.POSITIVE_INFINITY, momentum: 0.7 },
      ...{ centering: false, affineKernel: 1, unbiasedRunningVar: false },
    },
  ],
  reference: unifiedBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, { affineKernel = 3 }, { statistics, update }: Mode) =>
    (affineKernel === 1 || shape.length === 4) &&
    (valuesOf(shape) > 1 || (statistics === "running" && !update)),
  foreignStatistics: () => true,
  exceptExtreme: (extreme, { options, mode }) =>
    /large|overflow|huge|-1e30/.test(extreme) &&
    (options.affineKernel ?? 3) > 1 &&
    (mode.statistics === "running" || options.condensationThreshold < 1)
      ? "a convolution of infinite numbers of both signs has no value"
      : undefined,
  laws: [
    {
      name: "without any of its parts it is batch norm",
      modes: [training],
      holds({ options: { numFeatures }, x, params, state }) {
        const condensationThreshold = Number.POSITIVE_INFINITY;
        const bound = unifiedBatchNorm({ numFeatures, condensationThreshold, ...plain });
        const weight = sub(params["bias"]!, 1);
        const affine = { weight, bias: params["bias"]! };
        const taps = { ...affine, weight: reshape(weight, [numFeatures, 1, 1]) };
        const options = checkOptions("batch norm", { numFeatures }, batchOptions);
        const call = { state, options, mode: training };
        const expected = normalizeBatch("batch norm", x, affine, call);
        expectNear(bound.apply(x, taps, state).output.data, expected.output.data);
      },
    },
    {
      name: "a condensed batch leaves the running statistics and is counted",
      modes: [training],
      holds({ options, x, params, state }) {
        const always = { ...options, condensationThreshold: -2, warmupUpdates: 0 };
        const { state: next } = unifiedBatchNorm(always).apply(x, params, state);
        for (const name of ["runningMean", "runningVar", "numBatchesTracked"]) {
          expectNear(next[name]!.data, state[name]!.data);
        }
        expectNear(next["numCondensed"]!.data, [state["numCondensed"]!.item() + 1]);
        const again = unifiedBatchNorm({ ...options, condensationThreshold: 2 });
        expectNear(again.apply(x, params, next).state["numCondensed"]!.data, [0]);
      },
    },
    {
      name: "the first batches are taken in, however condensed",
      modes: [training],
      holds({ options, bound, x, params }) {
        const always = { ...options, condensationThreshold: -2, warmupUpdates: 2 };
        const norm = unifiedBatchNorm(always);
        let { state } = bound.init({ dtype: "float64" });
        for (const expected of [1, 2, 2]) {
          state = norm.apply(x, params, state).state;
          expectNear(state["numBatchesTracked"]!.data, [
            x.shape[0] === 1 ? state["numBatchesTracked"]!.item() : expected,
          ]);
        }
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "unifiedBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "no threshold",
      run: () => unifiedBatchNorm({ numFeatures: 3 } as UnifiedBatchNormOptions),
      message:
        "unifiedBatchNorm condensationThreshold: expected a number, or Infinity for no threshold, got undefined.",
    },
    {
      name: "a kernel without a center",
      run: () => unifiedBatchNorm({ numFeatures: 3, condensationThreshold: 0.9, affineKernel: 2 }),
      message: "unifiedBatchNorm affineKernel: expected an odd number, got 2.",
    },
    {
      name: "a convolution of what is not images",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 3, 5]), params, state),
      message:
        "unifiedBatchNorm: expected x of rank 4 for an affine of more than one tap, got shape [4, 3, 5]. Pass affineKernel: 1 for a weight per channel.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1, 1]), params, state),
      message:
        "unifiedBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, params, state }) {
        const broken = zeros([2, 3, 2, 2], { dtype: "float64" }).data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: [2, 3, 2, 2] }), params, state);
      },
      message:
        "unifiedBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "ubn",
      options: ({ tau, onCondensed, ...same }) =>
        ({
          ...same,
          condensationThreshold: tau,
          condensedByRunning: onCondensed === "running",
          warmupUpdates: 0,
        }) as unknown as UnifiedBatchNormOptions,
      apply({ bound, x, params, state, mode, config }) {
        const similarity = featureSimilarity(x);
        const condensed = greater(similarity, config["tau"] as number);
        return { ...bound.apply(x, params, state, { mode }), others: { similarity, condensed } };
      },
    },
  ],
};

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(got[i]! - expected[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(expected[i]!))))
      throw new Error(`expected ${expected[i]}, got ${got[i]}`);
  }
}

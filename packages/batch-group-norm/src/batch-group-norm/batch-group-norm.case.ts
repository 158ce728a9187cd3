import { reshape, type Shape, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import {
  batchOptions,
  checkOptions,
  evaluation,
  initRunning,
  normalizeBatch,
  training,
} from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchGroupNormReference } from "./batch-group-norm.reference.ts";
import { type BatchGroupNormOptions, batchGroupNorm } from "./batch-group-norm.ts";

function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Groups of whole channels, of parts of one, and of parts of several. */
function groupCounts(channels: number, shape: Shape): number[] {
  const size = sizeOf(shape.slice(1));
  const whole = [Math.ceil(channels / 4), 1, 2, channels];
  const split = [2 * channels, size / 2, size / 3, size];
  return [
    ...new Set([
      ...whole.filter((n) => channels % n === 0),
      ...split.filter((n) => Number.isInteger(n) && size % n === 0),
    ]),
  ];
}

/** What batch group norm promises, as data for `normSuite`. */
export const batchGroupNormCase: NormCase<BatchGroupNormOptions> = {
  norm: batchGroupNorm,
  options: (numFeatures, shape) =>
    groupCounts(numFeatures, shape).flatMap((numGroups) => [
      { numFeatures, numGroups },
      { numFeatures, numGroups, affine: false, momentum: null },
      { numFeatures, numGroups, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
      { numFeatures, numGroups, trackRunningStats: false },
    ]),
  reference: batchGroupNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, { numGroups, trackRunningStats = true }, { statistics, update }) =>
    sizeOf(shape) > numGroups || (statistics === "running" && !update && trackRunningStats),
  laws: [
    {
      name: "without an affine it is batch norm with the groups as channels, state too",
      holds({ bound, options: given, mode, x, state }) {
        const { numGroups, affine: _, ...rest } = given;
        const options = checkOptions("", { ...rest, numFeatures: numGroups }, batchOptions);
        const [samples] = x.shape as [number];
        const groups = reshape(x, [samples, numGroups, x.size / samples / numGroups]);
        const plain = normalizeBatch("plain", groups, {}, { state, options, mode });
        const got = bound.apply(x, {}, state, { mode });
        expectNear(got.output, reshape(plain.output, x.shape));
        for (const name of Object.keys(initRunning(1, "float64"))) {
          if (state[name]) expectNear(got.state[name]!, plain.state[name]!);
        }
      },
    },
    {
      name: "groups of whole channels take images of any size in evaluation",
      modes: [evaluation],
      holds({ bound, options, x, params, state }) {
        if (options.numFeatures % options.numGroups !== 0 || !state["runningMean"]) return;
        const [samples, channels] = x.shape as [number, number];
        const pixel = x.size / samples / channels;
        const large = reshape(x, [samples, channels, pixel]);
        const { output } = bound.apply(large, params, state, { mode: evaluation });
        const alone = tensor(
          large.data.filter((_, i) => i % pixel === 0),
          { shape: [samples, channels] },
        );
        const small = bound.apply(alone, params, state, { mode: evaluation }).output;
        const corner = output.data.filter((_, i) => i % pixel === 0);
        expectNear(small, tensor(corner, { shape: [samples, channels] }));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "batchGroupNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "groups that do not divide a sample",
      run: ({ x, params }) =>
        batchGroupNorm({ numFeatures: 3, numGroups: 2 }).apply(x, params, {}, { mode: training }),
      message:
        "batchGroupNorm: expected numGroups that divides the 9 values of a sample, got 2 for x of shape [4, 3, 3]. A divisor of numFeatures 3 fits every image size.",
    },
    {
      name: "one value per group in training",
      run: ({ params, state }) =>
        batchGroupNorm({ numFeatures: 3, numGroups: 6 }).apply(zeros([1, 3, 2]), params, state),
      message:
        "batchGroupNorm: expected more than one value for each statistic, got shape [1, 3, 2]. Use larger batches, fewer groups, or evaluation mode.",
    },
    {
      name: "another image size in evaluation, where groups split channels",
      run({ x, params }) {
        const bound = batchGroupNorm({ numFeatures: 3, numGroups: 9 });
        const { state } = bound.apply(x, params, bound.init({ dtype: "float64" }).state);
        bound.apply(zeros([4, 3, 6]), params, state, { mode: evaluation });
      },
      message:
        "batchGroupNorm: expected groups of 1 values in each sample, as in the running statistics, got 2. Keep the image size, or take numGroups that divides the channels.",
    },
    {
      name: "another image size in training, where groups split channels",
      run({ x, params }) {
        const bound = batchGroupNorm({ numFeatures: 3, numGroups: 9 });
        const { state } = bound.apply(x, params, bound.init({ dtype: "float64" }).state);
        bound.apply(zeros([4, 3, 6]), params, state);
      },
      message:
        "batchGroupNorm: expected groups of 1 values in each sample, as in the running statistics, got 2. Keep the image size, or take numGroups that divides the channels.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "batchGroupNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "a missing number of groups",
      run: () => batchGroupNorm({ numFeatures: 3 } as BatchGroupNormOptions),
      message: "batchGroupNorm numGroups: expected a whole number >= 1, got undefined.",
    },
  ],
  golden: [
    {
      method: "batch-group-norm",
      options: (config, xShape) =>
        ({ numFeatures: xShape[1]!, ...config }) as unknown as BatchGroupNormOptions,
      names: { running_mean: "runningMean", running_var: "runningVar" },
    },
  ],
};

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

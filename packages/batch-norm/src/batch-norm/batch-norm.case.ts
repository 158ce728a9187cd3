import { random, slice, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Mode, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchNormReference } from "./batch-norm.reference.ts";
import { type BatchNormCondition, type BatchNormOptions, batchNorm } from "./batch-norm.ts";

/** Values of each statistic. */
function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1) / shape[1]!;
}

/** What batch norm promises, as data for `normSuite`. */
export const batchNormCase: NormCase<BatchNormOptions, BatchNormCondition> = {
  norm: batchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false },
    { numFeatures, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: batchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, { trackRunningStats = true }, { statistics, update }: Mode) =>
    valuesOf(shape) > 1 || (statistics === "running" && !(update && trackRunningStats)),
  foreignStatistics: ({ mode, condition }) =>
    mode.statistics === "running" || condition?.mask !== undefined,
  condition(stream, shape) {
    const [samples, , ...space] = shape as [number, number, ...number[]];
    const masked = [samples, ...(stream.next() < 0.5 ? space : [])];
    const size = masked.reduce((product, n) => product * n, 1);
    if (stream.next() < 0.6 || size < 2) return undefined;
    const weights = Float64Array.from({ length: size }, (_, i) =>
      i < 2 ? 1 : stream.integer(3) / 2,
    );
    return { mask: tensor(weights, { shape: masked }) };
  },
  laws: [
    {
      name: "a mask of ones changes nothing",
      modes: [training],
      holds({ bound, x, params, state }) {
        const mask = tensor(new Float64Array(x.shape[0]!).fill(1));
        const masked = bound.apply(x, params, state, { condition: { mask } });
        const plain = bound.apply(x, params, state);
        expectNear(masked.output, plain.output);
      },
    },
    {
      name: "what a mask leaves out may be NaN",
      modes: [training],
      holds({ bound, x, params, state }) {
        const [samples] = x.shape as [number];
        if (x.size / x.shape[1]! / samples < 2) return;
        const weights = new Float64Array(samples).fill(0);
        weights[0] = 1;
        const mask = tensor(weights);
        const broken = x.data.map((v, i) => (i < x.size / samples ? v : Number.NaN));
        const apply = (data: Float64Array): Tensor =>
          bound.apply(tensor(data, { shape: x.shape }), params, state, { condition: { mask } })
            .output;
        const first = (t: Tensor): Tensor => slice(t, [0], [1]);
        expectNear(first(apply(broken as Float64Array)), first(apply(x.data as Float64Array)));
      },
    },
    {
      name: "momentum 1 replaces the running statistics, momentum 0 keeps them",
      modes: [training],
      holds({ options, x, params, state }) {
        if (options.trackRunningStats === false) return;
        const next = (momentum: number): Tensor =>
          batchNorm({ ...options, momentum }).apply(x, params, state).state["runningMean"]!;
        expectNear(next(0), state["runningMean"]!);
        const fresh = batchNorm(options).init({ dtype: "float64" }).state;
        const replaced = batchNorm({ ...options, momentum: 1 }).apply(x, params, fresh).state;
        expectNear(next(1), replaced["runningMean"]!);
      },
    },
  ],
  rejects: [
    {
      name: "an input of rank 1",
      run: ({ bound, params, state }) => bound.apply(zeros([3]), params, state),
      message: "batchNorm: expected x of rank >= 2, got shape [3].",
    },
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "batchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "batchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 2]), params, state),
      message: "batchNorm: expected at least one element, got shape [0, 3, 2].",
    },
    {
      name: "an unknown option",
      run: () => batchNorm({ numFeatures: 3, momentun: 0.2 } as BatchNormOptions),
      message:
        'batchNorm: expected options among numFeatures, eps, momentum, trackRunningStats, channelAxis, unbiasedRunningVar, affine, got "momentun". Did you mean momentum?',
    },
    {
      name: "a missing number of channels",
      run: () => batchNorm({} as BatchNormOptions),
      message: "batchNorm numFeatures: expected a whole number >= 1, got undefined.",
    },
    {
      name: "a momentum of 2",
      run: () => batchNorm({ numFeatures: 3, momentum: 2 }),
      message:
        "batchNorm momentum: expected a number from 0 to 1, or null for a cumulative average, got 2.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "batchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "Infinity in the running statistics",
      run({ bound, x, params, state }) {
        const runningVar = tensor(Float64Array.of(1, Number.POSITIVE_INFINITY, 1));
        bound.apply(x, params, { ...state, runningVar }, { mode: evaluation });
      },
      message:
        "batchNorm: expected a finite running variance, got Infinity in channel 1. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "a mask of the wrong shape",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { mask: random(1).uniform([7]) } }),
      message:
        "batchNorm mask: expected shape [4] or [4, 3], got [7]. Give one weight per sample, or one per position (x's shape without the channel axis).",
    },
    {
      name: "a mask that leaves nothing",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { mask: zeros([4]) } }),
      message:
        "batchNorm mask: expected weights >= 0 that leave more than one value for each statistic, got a total weight of 0.",
    },
  ],
  golden: [{ method: "batch-norm", options: (config) => config as unknown as BatchNormOptions }],
};

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

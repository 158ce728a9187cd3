import { grad, mul, random, sum, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import { batchNorm } from "../batch-norm/batch-norm.ts";
import { acceptsBatch, everyMode } from "../branch.case.ts";
import { batchRenormReference, corrections } from "./batch-renorm.reference.ts";
import { type BatchRenormOptions, batchRenorm } from "./batch-renorm.ts";

const atOnce = { warmupSteps: 0, rMaxSteps: 0, dMaxSteps: 0 };

/** What batch renormalization promises, as data for `normSuite`. */
export const batchRenormCase: NormCase<BatchRenormOptions> = {
  norm: batchRenorm,
  options: (numFeatures) => [
    // A schedule that a comparison of a few hundred steps gets to see; the paper's is far longer.
    { numFeatures, warmupSteps: 100, rMaxSteps: 1000, dMaxSteps: 600 },
    { numFeatures },
    { numFeatures, ...atOnce },
    { numFeatures, ...atOnce, rMax: 1.1, dMax: 0.1, affine: false, momentum: null },
    {
      numFeatures,
      warmupSteps: 1,
      rMaxSteps: 3,
      dMaxSteps: 2,
      rMax: 1.5,
      momentum: 0.7,
      eps: 1e-3,
    },
  ],
  reference: batchRenormReference,
  modes: everyMode,
  accepts: (shape, _, mode) => acceptsBatch(shape, {}, mode),
  foreignStatistics: ({ mode, options }) =>
    mode.statistics === "running" || options.warmupSteps !== undefined,
  gradientOrder: 0,
  exceptions: {
    gradients: "r and d are constants to the gradient, and differences of outputs see them change",
  },
  reducesTo: [
    {
      name: "batch norm while nothing is corrected",
      options: ({ numFeatures, eps }) => ({ numFeatures, ...(eps && { eps }) }),
      modes: [training],
      equals: ({ options: { numFeatures, eps }, ...call }) => {
        const options = { numFeatures, ...(eps && { eps }) };
        return batchNormReference({ ...call, state: {}, options, condition: undefined }).output;
      },
    },
  ],
  laws: [
    {
      name: "output and gradient are batch norm's with weight·r and bias + weight·d",
      modes: [training],
      holds({ options, bound, x, params, state, seed }) {
        const { numFeatures, eps = 1e-5 } = options;
        const plain = (t: Tensor) => ({ shape: t.shape, data: t.data as Float64Array });
        const arrays = Object.fromEntries(Object.entries(state).map(([k, t]) => [k, plain(t)]));
        const corrected = corrections({ x: plain(x), state: arrays, options });
        const [w, b] = [params["weight"]?.data, params["bias"]?.data];
        const given = {
          weight: tensor(Float64Array.from(corrected, ({ r }, c) => (w?.[c] ?? 1) * r)),
          bias: tensor(
            Float64Array.from(corrected, ({ d }, c) => (w?.[c] ?? 1) * d + (b?.[c] ?? 0)),
          ),
        };
        const cotangent = random(seed).normal(x.shape, { dtype: "float64" });
        const both = (f: (t: Tensor) => Tensor): Tensor[] => [
          f(x),
          grad((t: Tensor) => sum(mul(f(t), cotangent)))(x),
        ];
        const got = both((t) => bound.apply(t, params, state).output);
        const reference = batchNorm({ numFeatures, eps, trackRunningStats: false });
        const expected = both((t) => reference.apply(t, given, {}).output);
        for (const [i, t] of got.entries()) expectNear(t, expected[i]!);
      },
    },
    {
      name: "training gives what evaluation gives, where the bounds are wide",
      modes: [training],
      holds({ options, x, params, state }) {
        const bound = batchRenorm({ ...options, ...atOnce, rMax: 1e6, dMax: 1e6 });
        const trained = bound.apply(x, params, state).output;
        expectNear(trained, bound.apply(x, params, state, { mode: evaluation }).output);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "batchRenorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "batchRenorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "an rMax below 1",
      run: () => batchRenorm({ numFeatures: 3, rMax: 0.5 }),
      message: "batchRenorm rMax: expected a number >= 1, got 0.5.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "batchRenorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "Infinity in the running deviation",
      run({ bound, x, params, state }) {
        const runningStd = tensor(Float64Array.of(1, Number.POSITIVE_INFINITY, 1));
        bound.apply(x, params, { ...state, runningStd } as Tensors, { mode: evaluation });
      },
      message:
        "batchRenorm: expected a finite running standard deviation, got Infinity in channel 1. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "batch-renorm",
      options: (config, xShape) =>
        ({ numFeatures: xShape[1]!, ...config, ...atOnce }) as unknown as BatchRenormOptions,
      names: { running_mean: "runningMean", running_std: "runningStd" },
    },
  ],
};

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-11 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

import { sub, tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import { evaluation, type Mode, training } from "@evenkeel/norm-core";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import {
  representativeBatchNormReference,
  standardize,
} from "./representative-batch-norm.reference.ts";
import {
  type RepresentativeBatchNormOptions,
  representativeBatchNorm,
} from "./representative-batch-norm.ts";

/** Values of each statistic. */
function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1) / shape[1]!;
}

/** What representative batch norm promises, as data for `normSuite`. */
export const representativeBatchNormCase: NormCase<RepresentativeBatchNormOptions> = {
  norm: representativeBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, scaleBiasInit: 0 },
    { numFeatures, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: representativeBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts: (shape, { trackRunningStats = true }, { statistics, update }: Mode) =>
    valuesOf(shape) > 1 || (statistics === "running" && !(update && trackRunningStats)),
  reducesTo: [
    {
      name: "batch norm times sigmoid(scaleBias) with centerWeight and scaleWeight 0",
      params: (params) => ({
        ...params,
        centerWeight: zerosLike(params["centerWeight"]!),
        scaleWeight: zerosLike(params["scaleWeight"]!),
      }),
      equals(call): NdArray {
        const { x, params } = call;
        const { standard } = standardize(call, x.data);
        const space = valuesOf(x.shape) / x.shape[0]!;
        return {
          shape: x.shape,
          data: standard.map((v, i) => {
            const c = Math.floor(i / space) % x.shape[1]!;
            const gate = 1 / (1 + Math.exp(-params["scaleBias"]!.data[c]!));
            return (params["weight"]?.data[c] ?? 1) * gate * v + (params["bias"]?.data[c] ?? 0);
          }),
        };
      },
    },
  ],
  laws: [
    {
      name: "centerWeight −1 takes the level of every sample out",
      modes: [training],
      holds({ bound, x, params, state, seed }) {
        const space = valuesOf(x.shape) / x.shape[0]!;
        const centerWeight = sub(zerosLike(params["centerWeight"]!), 1);
        const apply = (data: ArrayLike<number>): ArrayLike<number> => {
          const moved = tensor(Float64Array.from(data), { shape: x.shape });
          return bound.apply(moved, { ...params, centerWeight }, state).output.data;
        };
        // Another offset for each sample and channel.
        const shifted = x.data.map((v, i) => v + ((Math.floor(i / space) * 7 + seed) % 5));
        expectNear(apply(shifted), apply(x.data));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "representativeBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "representativeBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "a first gate that is not finite",
      run: () => representativeBatchNorm({ numFeatures: 3, scaleBiasInit: Number.NaN }),
      message: "representativeBatchNorm scaleBiasInit: expected a finite number, got NaN.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "representativeBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "representative-batch-norm",
      options: (config) => config as unknown as RepresentativeBatchNormOptions,
    },
  ],
};

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(got[i]! - expected[i]!);
    if (!(gap <= 1e-10 * (1 + Math.abs(expected[i]!))))
      throw new Error(`expected ${expected[i]}, got ${got[i]}`);
  }
}

import { add, onesLike, tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import { evaluation, type Mode, training } from "@evenkeel/norm-core";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import {
  instanceEnhancementBatchNormReference,
  standardize,
} from "./instance-enhancement-batch-norm.reference.ts";
import {
  type InstanceEnhancementBatchNormOptions,
  instanceEnhancementBatchNorm,
} from "./instance-enhancement-batch-norm.ts";

/** Values of each statistic. */
function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1) / shape[1]!;
}

/** What instance enhancement batch norm promises, as data for `normSuite`. */
export const instanceEnhancementBatchNormCase: NormCase<InstanceEnhancementBatchNormOptions> = {
  norm: instanceEnhancementBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, attentionBiasInit: 0 },
    { numFeatures, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: instanceEnhancementBatchNormReference,
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
      name: "batch norm times sigmoid(attentionBias) with attentionWeight 0",
      params: (params) => ({
        ...params,
        attentionWeight: zerosLike(params["attentionWeight"]!),
      }),
      equals(call): NdArray {
        const { x, params } = call;
        const { standard } = standardize(call);
        const space = valuesOf(x.shape) / x.shape[0]!;
        return {
          shape: x.shape,
          data: standard.map((v, i) => {
            const c = Math.floor(i / space) % x.shape[1]!;
            const gate = 1 / (1 + Math.exp(-params["attentionBias"]!.data[c]!));
            return (params["weight"]?.data[c] ?? 1) * gate * v + (params["bias"]?.data[c] ?? 0);
          }),
        };
      },
    },
  ],
  laws: [
    {
      name: "the gate sees the input as it came, not normalized: an offset of all samples changes it",
      modes: [training],
      holds({ bound, x, params, state }) {
        const one = { ...params, attentionWeight: onesLike(params["attentionWeight"]!) };
        const plain = bound.apply(x, one, state).output;
        const moved = bound.apply(add(x, 1), one, state).output;
        const space = valuesOf(x.shape) / x.shape[0]!;
        plain.data.forEach((v, i) => {
          const c = Math.floor(i / space) % x.shape[1]!;
          const start = i - (i % space);
          let mean = 0;
          for (let j = start; j < start + space; j++) mean += x.data[j]! / space;
          const logit = mean + params["attentionBias"]!.data[c]!;
          const bias = params["bias"]?.data[c] ?? 0;
          // sigmoid(a + 1) / sigmoid(a)
          const ratio = (1 + Math.exp(-logit)) / (1 + Math.exp(-logit - 1));
          expectNear(moved.data[i]! - bias, (v - bias) * ratio);
        });
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "instanceEnhancementBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "instanceEnhancementBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "a first gate that is not finite",
      run: () => instanceEnhancementBatchNorm({ numFeatures: 3, attentionBiasInit: Number.NaN }),
      message: "instanceEnhancementBatchNorm attentionBiasInit: expected a finite number, got NaN.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "instanceEnhancementBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "instance-enhancement-batch-norm",
      options: (config) => config as unknown as InstanceEnhancementBatchNormOptions,
    },
  ],
};

function expectNear(got: number, expected: number): void {
  const gap = Math.abs(got - expected);
  if (!(gap <= 1e-10 * (1 + Math.abs(expected))))
    throw new Error(`expected ${expected}, got ${got}`);
}

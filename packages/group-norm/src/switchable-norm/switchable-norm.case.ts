import { tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import { instanceNormReference } from "../instance-norm/instance-norm.reference.ts";
import { layerNormReference } from "../layer-norm/layer-norm.reference.ts";
import { switchableNormReference } from "./switchable-norm.reference.ts";
import { type SwitchableNormOptions, switchableNorm } from "./switchable-norm.ts";

/** Logits that leave only one kind of statistics. */
function only(kind: number, { weight, bias, meanWeight }: Tensors): Tensors {
  const logits = tensor(Float64Array.from(meanWeight!.data, (_, k) => (k === kind ? 1000 : 0)));
  return { weight: weight!, bias: bias!, meanWeight: logits, varWeight: logits };
}

/** What switchable norm promises, as data for `normSuite`. */
export const switchableNormCase: NormCase<SwitchableNormOptions> = {
  norm: switchableNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, usingBn: false },
    { numFeatures, unbiasedInstanceVar: false, momentum: null },
    { numFeatures, usingBn: false, unbiasedInstanceVar: false, lastGamma: true },
    { numFeatures, eps: 1e-3, momentum: 0.7 },
  ],
  reference: switchableNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  accepts(shape, { usingBn = true }, { statistics, update }) {
    const size = shape.reduce((product, n) => product * n, 1);
    if (usingBn) return size > shape[1]! || (statistics === "running" && !update);
    return size > shape[0]! || statistics === "running";
  },
  reducesTo: [
    {
      name: "instance norm where only the instance counts, with its biased variance",
      options: (options) => ({ ...options, unbiasedInstanceVar: false }),
      params: (params) => only(0, params),
      equals({ x, options: { numFeatures, eps }, ...call }): NdArray {
        const options = { numFeatures, affine: true, ...(eps && { eps }) };
        return instanceNormReference({ ...call, state: {}, x, options }).output;
      },
    },
    {
      name: "layer norm where only the layer counts, with the biased variance, at weight 1 and bias 0",
      options: (options) => ({ ...options, unbiasedInstanceVar: false }),
      params: (params) => ({
        ...only(1, params),
        weight: tensor(new Float64Array(params["weight"]!.size).fill(1)),
        bias: zeros(params["bias"]!.shape, { dtype: "float64" }),
      }),
      equals({ x, options: { eps }, ...call }): NdArray {
        const options = { normalizedShape: x.shape.slice(1), ...(eps && { eps }) };
        return layerNormReference({ ...call, params: {}, x, options }).output;
      },
    },
  ],
  laws: [
    {
      name: "the softmax sees differences of logits only",
      holds({ bound, x, params, state, mode }) {
        const moved = (name: string): Tensors => ({
          [name]: tensor(Float64Array.from(params[name]!.data, (v) => v + 7)),
        });
        const given = { ...params, ...moved("meanWeight"), ...moved("varWeight") };
        const [got, expected] = [given, params].map((p) => bound.apply(x, p, state, { mode }));
        got!.output.data.forEach((v, i) => {
          const wanted = expected!.output.data[i]!;
          if (Math.abs(v - wanted) > 1e-12 * (1 + Math.abs(v)))
            throw new Error(`expected ${wanted}, got ${v}`);
        });
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "switchableNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3]), params, state),
      message:
        "switchableNorm: expected more than one value for each statistic, got shape [1, 3]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "switchableNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "switchable-norm",
      options: ({ eps, momentum, usingBn, unbiasedInstanceVar }, xShape) =>
        ({
          ...{ numFeatures: xShape[1]!, eps, usingBn, unbiasedInstanceVar },
          momentum: 1 - Number(momentum),
        }) as SwitchableNormOptions,
      names: { running_mean: "runningMean", running_var: "runningVar" },
    },
  ],
};

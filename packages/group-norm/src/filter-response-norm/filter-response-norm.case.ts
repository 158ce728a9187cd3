import { mul, onesLike, type Tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import { rmsNormReference } from "../rms-norm/rms-norm.reference.ts";
import { filterResponseNormReference } from "./filter-response-norm.reference.ts";
import { type FilterResponseNormOptions, filterResponseNorm } from "./filter-response-norm.ts";

/** What filter response norm promises, as data for `normSuite`. */
export const filterResponseNormCase: NormCase<FilterResponseNormOptions> = {
  norm: filterResponseNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, tlu: false },
    { numFeatures, learnedEps: true },
    { numFeatures, tlu: false, learnedEps: true, eps: 1e-3 },
  ],
  reference: filterResponseNormReference,
  batchIndependent: true,
  reducesTo: [
    {
      name: "RMS norm of each channel without tlu, at weight 1 and bias 0",
      options: ({ numFeatures, eps }) => ({ numFeatures, tlu: false, ...(eps && { eps }) }),
      params: ({ weight, bias }) => ({
        weight: onesLike(weight!),
        bias: zerosLike(bias!),
      }),
      equals({ x, options: { eps = 1e-6 }, ...call }): NdArray {
        const [samples, channels] = x.shape as [number, number];
        const space = x.data.length / (samples * channels);
        const rows = { shape: [samples * channels, space], data: x.data };
        const options = { normalizedShape: space, elementwiseAffine: false, eps };
        const { output } = rmsNormReference({ ...call, params: {}, x: rows, options });
        return { shape: x.shape, data: output.data };
      },
    },
  ],
  laws: [
    {
      name: "no output is below its channel's threshold",
      holds({ bound, x, params, state }) {
        const { tau } = params;
        if (!tau) return;
        const { output } = bound.apply(x, params, state);
        const [samples, channels] = x.shape as [number, number];
        const space = x.size / samples / channels;
        output.data.forEach((v, i) => {
          const least = tau.data[Math.floor(i / space) % channels]!;
          if (v < least - 1e-12) throw new Error(`${v} is below ${least}`);
        });
      },
    },
    {
      name: "doubling the input changes nothing but what eps does",
      holds({ options, x, params, state }) {
        const { epsLearned: _, ...rest } = params;
        const bound = filterResponseNorm({ ...options, learnedEps: false, eps: 0 });
        const apply = (t: Tensor): Tensor => bound.apply(t, rest, state).output;
        const [once, twice] = [apply(x).data, apply(mul(x, 2)).data];
        once.forEach((v, i) => {
          if (Math.abs(v - twice[i]!) > 1e-12 * (1 + Math.abs(v)))
            throw new Error(`${v} became ${twice[i]}`);
        });
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "filterResponseNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 2]), params, state),
      message: "filterResponseNorm: expected at least one element, got shape [0, 3, 2].",
    },
    {
      name: "an unknown option",
      run: () => filterResponseNorm({ numFeatures: 3, tau: 1 } as FilterResponseNormOptions),
      message:
        'filterResponseNorm: expected options among numFeatures, eps, learnedEps, tlu, channelAxis, got "tau". Did you mean tlu?',
    },
  ],
  golden: [
    {
      method: "filter-response-norm",
      options: (config, xShape) =>
        ({ numFeatures: xShape[1]!, ...config }) as unknown as FilterResponseNormOptions,
    },
  ],
};

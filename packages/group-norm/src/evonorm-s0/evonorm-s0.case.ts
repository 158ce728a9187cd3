import { type Tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { evonormS0Reference } from "./evonorm-s0.reference.ts";
import { type EvonormS0Options, evonormS0 } from "./evonorm-s0.ts";

/** Groups that numGroups comes down to. */
function groupsOf(channels: number, numGroups = 32): number {
  let groups = Math.min(numGroups, channels);
  while (channels % groups !== 0) groups--;
  return groups;
}

/** What EvoNorm-S0 promises, as data for `normSuite`. */
export const evonormS0Case: NormCase<EvonormS0Options> = {
  norm: evonormS0,
  options: (numFeatures) => [
    { numFeatures, numGroups: Math.ceil(numFeatures / 4) },
    { numFeatures, numGroups: 1, eps: 1e-3 },
    { numFeatures, numGroups: 2 },
    { numFeatures, numGroups: 3 },
    { numFeatures },
    { numFeatures, nonlinearity: false },
  ],
  reference: evonormS0Reference,
  batchIndependent: true,
  // x is not centered: over the small deviation of large numbers that are alike it is as large as it looks.
  foreignStatistics: () => true,
  exceptExtreme: (extreme) =>
    extreme === "numbers near float32's largest" ? "v·x overflows before the sigmoid" : undefined,
  accepts(shape, { numFeatures, numGroups, nonlinearity = true }) {
    const values = shape.slice(1).reduce((product, n) => product * n, 1);
    return !nonlinearity || values > groupsOf(numFeatures, numGroups);
  },
  reducesTo: [
    {
      name: "x over twice the deviation of its group where v is 0",
      options: (options) => (options.nonlinearity === false ? undefined : options),
      params: (params) => ({ ...params, v: zerosLike(params["v"]!) }),
      equals({ x, params: { weight, bias }, options: { numFeatures, numGroups, eps = 1e-5 } }) {
        const size = x.data.length / x.shape[0]! / groupsOf(numFeatures, numGroups);
        const space = x.data.length / x.shape[0]! / numFeatures;
        const data = x.data.map((u, i) => {
          const start = i - (i % size);
          const group = x.data.slice(start, start + size);
          const mean = group.reduce((sum, w) => sum + w / size, 0);
          const variance = group.reduce((sum, w) => sum + (w - mean) ** 2 / size, 0);
          const c = Math.floor(i / space) % numFeatures;
          return (u / 2 / Math.sqrt(variance + eps)) * weight!.data[c]! + bias!.data[c]!;
        });
        return { shape: x.shape, data };
      },
    },
  ],
  laws: [
    {
      name: "more groups than channels are as many as there are channels",
      holds({ options, bound, x, params, state }) {
        if (options.numGroups !== undefined) return;
        const numGroups = options.numFeatures;
        const apply = (norm: typeof bound): Tensor => norm.apply(x, params, state).output;
        const [got, expected] = [apply(bound), apply(evonormS0({ ...options, numGroups }))];
        if (got.data.some((y, i) => y !== expected.data[i])) throw new Error("they differ");
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "evonormS0: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "a group of one value",
      run: ({ params, state }) => evonormS0({ numFeatures: 3 }).apply(zeros([4, 3]), params, state),
      message:
        "evonormS0: expected more than one value for each statistic, got shape [4, 3]. Use fewer groups, or an input with space to average over.",
    },
    {
      name: "an empty batch",
      run: ({ bound, params, state }) => bound.apply(zeros([0, 3, 2]), params, state),
      message: "evonormS0: expected at least one element, got shape [0, 3, 2].",
    },
  ],
  golden: [
    {
      method: "evonorm",
      options: ({ variant, numGroups, eps, nonlinearity }, xShape) =>
        variant === "S0"
          ? ({ numFeatures: xShape[1]!, numGroups, eps, nonlinearity } as EvonormS0Options)
          : undefined,
    },
  ],
};

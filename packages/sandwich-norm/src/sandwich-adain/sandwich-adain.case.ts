import { onesLike, tensor, transpose, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import { expectNear } from "../sandwich.case.ts";
import { sandwichAdainReference } from "./sandwich-adain.reference.ts";
import {
  type SandwichAdainCondition,
  type SandwichAdainOptions,
  sandwichAdain,
} from "./sandwich-adain.ts";

function spaceOf(shape: readonly number[]): number {
  return shape.slice(2).reduce((product, n) => product * n, 1);
}

/** What sandwich AdaIN promises, as data for `normSuite`. */
export const sandwichAdainCase: NormCase<SandwichAdainOptions, SandwichAdainCondition> = {
  norm: sandwichAdain,
  options: (numFeatures) => [{ numFeatures }, { numFeatures, eps: 1e-3, sharedWeightStd: 0.02 }],
  reference: sandwichAdainReference,
  shapes: { ranks: [3, 4] },
  accepts: (shape) => spaceOf(shape) > 1,
  condition(stream, shape) {
    const [samples, channels] = shape as [number, number];
    const style = [samples, channels, spaceOf(shape) + stream.integer(3)];
    return { style: stream.normal(style, { mean: 1, std: 2, dtype: "float64" }) };
  },
  conditionGradients: true,
  batchIndependent: true,
  exceptions: { channelAxis: "the style's channels move along; a law says it" },
  reducesTo: [
    {
      name: "adaptive instance norm where the shared affine is 1 and 0",
      params: ({ sharedWeight, sharedBias }) => ({
        sharedWeight: onesLike(sharedWeight!),
        sharedBias: zerosLike(sharedBias!),
      }),
      equals: ({ x, condition, options: { eps = 1e-5 } }): NdArray => {
        const space = spaceOf(x.shape);
        const { style } = condition!;
        const size = spaceOf(style.shape);
        const moments = (values: Float64Array): readonly [number, number] => {
          const mean = values.reduce((s, v) => s + v, 0) / values.length;
          const squares = values.reduce((s, v) => s + (v - mean) ** 2, 0);
          return [mean, Math.sqrt(squares / (values.length - 1) + eps)];
        };
        const data = x.data.map((v, i) => {
          const plane = Math.floor(i / space);
          const [mean, deviation] = moments(x.data.slice(plane * space, (plane + 1) * space));
          const [to, spread] = moments(style.data.slice(plane * size, (plane + 1) * size));
          return ((v - mean) / deviation) * spread + to;
        });
        return { shape: x.shape, data };
      },
    },
  ],
  laws: [
    {
      name: "every plane has the style's mean where sharedBias is 0",
      holds({ bound, x, params, state, condition }) {
        const still = { ...params, sharedBias: zerosLike(params["sharedBias"]!) };
        const { output } = bound.apply(x, still, state, { condition });
        const means = ({ data, shape }: Pick<typeof x, "data" | "shape">): number[] => {
          const space = spaceOf(shape);
          const found = new Array<number>(data.length / space).fill(0);
          data.forEach((v, i) => {
            found[Math.floor(i / space)]! += v / space;
          });
          return found;
        };
        expectNear(means(output), means(condition!.style));
      },
    },
    {
      name: "content and style may have their channels last",
      holds({ bound, options, x, params, state, condition }) {
        const last = (rank: number): number[] =>
          Array.from({ length: rank }, (_, i) => (i === 0 ? 0 : i === rank - 1 ? 1 : i + 1));
        const moved = (t: typeof x): typeof x => transpose(t, last(t.rank));
        const style = moved(condition!.style);
        const { output } = sandwichAdain({ ...options, channelAxis: -1 }).apply(
          moved(x),
          params,
          state,
          { condition: { style } },
        );
        expectNear(output.data, moved(bound.apply(x, params, state, { condition }).output).data);
      },
    },
  ],
  rejects: [
    {
      name: "no condition",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message:
        "sandwichAdain style: expected a tensor with the samples and channels of x, [4, 3, 3], got none. Pass it in the condition.",
    },
    {
      name: "a style of other channels",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { style: zeros([4, 2, 5]) } }),
      message:
        "sandwichAdain style: expected x with 3 channels on axis 1, got shape [4, 2, 5]. Set the number of channels to that of x.",
    },
    {
      name: "a style of other samples",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { style: zeros([3, 3, 5]) } }),
      message:
        "sandwichAdain style: expected 4 samples, as in x, got 3. Repeat the style for each sample, or give one each.",
    },
    {
      name: "a style of one value per plane",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, {
          condition: { style: tensor(new Float64Array(12), { shape: [4, 3, 1] }) },
        }),
      message:
        "sandwichAdain style: expected more than one value for each statistic, got shape [4, 3, 1]. It needs more than one position.",
    },
    {
      name: "an input without space",
      run: ({ bound, params, state, condition }) =>
        bound.apply(zeros([4, 3]), params, state, { condition }),
      message:
        "sandwichAdain: expected more than one value for each statistic, got shape [4, 3]. It needs more than one position.",
    },
  ],
  golden: [
    {
      method: "sandwich-adain",
      x: "content",
      options: ({ numFeatures, eps }) => ({ numFeatures, eps }) as SandwichAdainOptions,
      condition: ({ inputs }) => ({ style: inputs["style"]! }),
    },
  ],
};

import { add, grad, mul, square, sum, type Tensor, transpose, zeros } from "@evenkeel/autodiff";
import type { NormCase, Rejection } from "@evenkeel/testkit";
import { expectNear } from "../near.ts";
import { adainReference } from "./adain.reference.ts";
import { type AdainOptions, adain, type StyleCondition } from "./adain.ts";

/** Positions of each plane. */
function spaceOf(shape: readonly number[]): number {
  return shape.slice(2).reduce((product, n) => product * n, 1);
}

function misstyled(
  name: string,
  style: Tensor | undefined,
  message: string,
): Rejection<AdainOptions, StyleCondition> {
  return {
    name,
    run: ({ bound, x }) => bound.apply(x, {}, {}, style && { condition: { style } }),
    message,
  };
}

/** What adaptive instance norm promises, as data for `normSuite`. */
export const adainCase: NormCase<AdainOptions, StyleCondition> = {
  norm: adain,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, alpha: 0.6 },
    { numFeatures, unbiased: false, styleEps: false },
    { numFeatures, unbiased: false, eps: 1e-2, alpha: 0.3 },
  ],
  reference: adainReference,
  shapes: { ranks: [3, 4, 5] },
  accepts: (shape) => spaceOf(shape) > 1,
  condition(stream, [samples, channels]) {
    const shape = [samples!, channels!, 2, 1 + stream.integer(3)];
    return { style: stream.normal(shape, { mean: 1, std: 2, dtype: "float64" }) };
  },
  conditionGradients: true,
  batchIndependent: true,
  exceptions: {
    channelAxis: "the style has the axis, too, and the suite moves only that of x; see the law",
  },
  laws: [
    {
      name: "any channel axis of content and style gives what axis 1 gives",
      holds({ options, bound, x, condition }) {
        const { style } = condition!;
        const expected = bound.apply(x, {}, {}, { condition }).output;
        const last = (t: Tensor): Tensor =>
          transpose(t, [0, ...t.shape.slice(2).map((_, i) => i + 2), 1]);
        const first = (t: Tensor): Tensor =>
          transpose(t, [1, 0, ...t.shape.slice(2).map((_, i) => i + 2)]);
        for (const [channelAxis, move] of [
          [-1, last],
          [0, first],
        ] as const) {
          const moved = adain({ ...options, channelAxis });
          const got = moved.apply(move(x), {}, {}, { condition: { style: move(style) } });
          expectNear(got.output, move(expected));
        }
      },
    },
    {
      name: "alpha 0 gives the content",
      holds({ options, x, condition }) {
        const still = adain({ ...options, alpha: 0 });
        expectNear(still.apply(x, {}, {}, { condition }).output, x);
      },
    },
    {
      name: "a scaled and shifted style scales and shifts the output alike",
      holds({ options, x, condition }) {
        const whole = adain({ ...options, alpha: 1, styleEps: false });
        const output = (style: Tensor): Tensor =>
          whole.apply(x, {}, {}, { condition: { style } }).output;
        const moved = output(add(mul(condition!.style, 3), 7));
        expectNear(moved, add(mul(output(condition!.style), 3), 7));
      },
    },
    {
      name: "a detached style gets no gradient, and the output is the same",
      holds({ options, bound, x, condition }) {
        const detached = adain({ ...options, detachStyle: true });
        const output = (style: Tensor): Tensor =>
          detached.apply(x, {}, {}, { condition: { style } }).output;
        expectNear(output(condition!.style), bound.apply(x, {}, {}, { condition }).output);
        const d = grad((s: Tensor) => sum(square(output(s))))(condition!.style);
        expectNear(d, zeros(d.shape, { dtype: "float64" }));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, condition }) => bound.apply(zeros([4, 5, 3]), {}, {}, { condition }),
      message:
        "adain: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one position per channel",
      run: ({ bound, condition }) => bound.apply(zeros([4, 3, 1]), {}, {}, { condition }),
      message:
        "adain: expected more than one value for each statistic, got shape [4, 3, 1]. It needs more than one position.",
    },
    misstyled(
      "no style",
      undefined,
      "adain style: expected a tensor with the samples and channels of x, [4, 3, 3], got none. Pass it in the condition.",
    ),
    misstyled(
      "a style of other channels",
      zeros([4, 2, 5]),
      "adain style: expected x with 3 channels on axis 1, got shape [4, 2, 5]. Set the number of channels to that of x.",
    ),
    misstyled(
      "a style of other samples",
      zeros([1, 3, 5]),
      "adain style: expected 4 samples, as in x, got 1. Repeat the style for each sample, or give one each.",
    ),
    misstyled(
      "a style of one position",
      zeros([4, 3, 1]),
      "adain style: expected more than one value for each statistic, got shape [4, 3, 1]. It needs more than one position.",
    ),
  ],
  golden: [
    {
      method: "adain",
      x: "content",
      options: ({ contentVariance, styleVariance: _, variant: __, ...config }) =>
        ({ ...config, unbiased: contentVariance === "unbiased" }) as unknown as AdainOptions,
      condition: ({ inputs }) => ({ style: inputs["style"]! }),
    },
  ],
};

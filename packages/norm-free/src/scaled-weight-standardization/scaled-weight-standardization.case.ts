import { ones, tensor, zeros } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import type { MethodCase } from "@evenkeel/testkit";
import { scaledWeightStandardizationReference } from "./scaled-weight-standardization.reference.ts";
import {
  type ScaledWeightStandardizationOptions,
  scaledWeightStandardization,
  scaledWeightStandardizationCard,
} from "./scaled-weight-standardization.ts";

/** What scaled weight standardization promises, as data for `methodSuite`. */
export const scaledWeightStandardizationCase: MethodCase<ScaledWeightStandardizationOptions> = {
  card: scaledWeightStandardizationCard,
  call: ([weight, gain], options) => scaledWeightStandardization(weight!, gain, options),
  draw(stream) {
    const shape = [1 + stream.integer(4), 2 + stream.integer(3), 1 + stream.integer(3)];
    const weight = stream.normal(shape, { mean: 1, dtype: "float64" });
    const gain = stream.normal([shape[0]!], { dtype: "float64" });
    const params = { gamma: 0.5 + stream.next(), eps: stream.next() < 0.5 ? 1e-5 : 0.1 };
    return { inputs: stream.next() < 0.3 ? [weight] : [weight, gain], params };
  },
  reference: ([weight, gain], options) =>
    scaledWeightStandardizationReference(weight!, gain, options),
  specialValues: [
    {
      name: "equal weights, which become 0 and whose deviation has derivative 0",
      inputs: [tensor([[2, 2]], { dtype: "float64" }), ones([1], { dtype: "float64" })],
      params: { eps: 0.5 },
      output: [0, 0],
      gradients: [[0, 0], [0]],
    },
  ],
  rejects: [
    {
      name: "another number of gains",
      call: () => scaledWeightStandardization(zeros([8, 2]), ones([4])),
      message: "scaledWeightStandardization gain: expected shape [8], got [4].",
    },
    {
      name: "filters of one weight",
      call: () => scaledWeightStandardization(zeros([8, 1])),
      message:
        "scaledWeightStandardization: expected filters of more than one weight, got [8, 1]. Leave such layers (1×1 and depthwise) as they are.",
    },
  ],
  golden: [
    {
      method: "bnn-no-bn",
      takes: ({ component }) => component === "scaled-std-conv",
      run({ config, inputs, params: { convWeight, gain, convBias } }) {
        const { stride, padding, gamma, eps } = config as Readonly<Record<string, number>>;
        const options = { gamma: gamma!, eps: eps! };
        const weight = scaledWeightStandardization(convWeight!, gain, options);
        const slide = { stride: stride!, padding: padding!, bias: convBias };
        return { output: conv2d(inputs["x"]!, weight, slide) };
      },
    },
  ],
};

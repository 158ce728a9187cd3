import { tensor, zeros } from "@evenkeel/autodiff";
import type { MethodCase } from "@evenkeel/testkit";
import { adaptiveGradientClipReference } from "./adaptive-gradient-clip.reference.ts";
import {
  type AdaptiveGradientClipOptions,
  adaptiveGradientClip,
  adaptiveGradientClipCard,
} from "./adaptive-gradient-clip.ts";

/** What adaptive gradient clipping promises, as data for `methodSuite`. */
export const adaptiveGradientClipCase: MethodCase<AdaptiveGradientClipOptions> = {
  card: adaptiveGradientClipCard,
  call: ([weight, grad], options) => adaptiveGradientClip(weight!, grad!, options),
  // Nobody differentiates it.
  order: 0,
  draw(stream) {
    const shape = Array.from({ length: stream.integer(5) }, () => 1 + stream.integer(3));
    const dtype = "float64";
    // Gradients near the bound, over it and under.
    const grad = stream.normal(shape, { std: 0.1 * stream.next(), dtype });
    const params = { clipFactor: 0.1 * stream.next(), eps: stream.next() < 0.5 ? 1e-3 : 2 };
    return { inputs: [stream.normal(shape, { dtype }), grad], params };
  },
  reference: ([weight, grad], options) => adaptiveGradientClipReference(weight!, grad!, options),
  specialValues: [
    {
      name: "weights of 0, which count as eps",
      inputs: [zeros([1, 2], { dtype: "float64" }), tensor([[3, 4]], { dtype: "float64" })],
      params: { clipFactor: 0.5, eps: 1 },
      output: [0.3, 0.4],
    },
    {
      name: "a gradient of 0",
      inputs: [zeros([2], { dtype: "float64" }), zeros([2], { dtype: "float64" })],
      params: { clipFactor: 0 },
      output: [0, 0],
    },
  ],
  rejects: [
    {
      name: "a gradient of another shape",
      call: () => adaptiveGradientClip(zeros([2, 3]), zeros([3, 2])),
      message:
        "adaptiveGradientClip: expected a gradient of shape [2, 3], as the weight, got [3, 2].",
    },
    {
      name: "a factor below 0",
      call: () => adaptiveGradientClip(zeros([2]), zeros([2]), { clipFactor: -1 }),
      message: "adaptiveGradientClip clipFactor: expected a number >= 0, got -1.",
    },
  ],
  golden: [
    {
      method: "bnn-no-bn",
      takes: ({ component }) => component === "agc",
      run({ config, inputs, params }) {
        const { clipFactor, eps } = config as Required<AdaptiveGradientClipOptions>;
        return {
          output: adaptiveGradientClip(params["weight"]!, inputs["grad"]!, { clipFactor, eps }),
        };
      },
    },
  ],
};

import { tensor, zeros } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import type { MethodCase } from "@evenkeel/testkit";
import { weightStandardizationReference } from "./weight-standardization.reference.ts";
import {
  type WeightStandardizationOptions,
  weightStandardization,
  weightStandardizationCard,
} from "./weight-standardization.ts";

/** Options by the golden files' name for them. */
const forms: Readonly<Record<string, WeightStandardizationOptions>> = {
  "unbiased-outside": {},
  "biased-inside": { unbiased: false, epsOutside: false },
  "biased-outside": { unbiased: false },
  "unbiased-inside": { epsOutside: false },
};

/** What weight standardization promises, as data for `methodSuite`. */
export const weightStandardizationCase: MethodCase<WeightStandardizationOptions> = {
  card: weightStandardizationCard,
  call: ([weight], options) => weightStandardization(weight!, options),
  draw(stream) {
    const shape = [1 + stream.integer(4), 2 + stream.integer(3), 1 + stream.integer(3)];
    const all = Object.values(forms);
    const params = { eps: stream.next() < 0.5 ? 1e-5 : 0.1, ...all[stream.integer(all.length)] };
    return { inputs: [stream.normal(shape, { mean: 1, dtype: "float64" })], params };
  },
  reference: ([weight], options) => weightStandardizationReference(weight!, options),
  specialValues: [
    {
      name: "equal weights, which become 0 and whose deviation has derivative 0",
      inputs: [tensor([[2, 2]], { dtype: "float64" })],
      params: { eps: 0.5 },
      output: [0, 0],
      gradients: [[0, 0]],
    },
  ],
  rejects: [
    {
      name: "filters of one weight",
      call: () => weightStandardization(zeros([8, 1, 1, 1])),
      message:
        "weightStandardization: expected filters of more than one weight, got [8, 1, 1, 1]. Leave such layers (1×1 and depthwise) as they are.",
    },
    {
      name: "a bias",
      call: () => weightStandardization(zeros([8])),
      message: "weightStandardization: expected a weight of shape [filters, …], got [8].",
    },
    {
      name: "a negative eps",
      call: () => weightStandardization(zeros([8, 2]), { eps: -1 }),
      message: "weightStandardization eps: expected a number >= 0, got -1.",
    },
  ],
  golden: [
    {
      method: "weight-standardization",
      takes: () => true,
      run({ config, inputs, params }) {
        const { stride, padding, groups, varianceMode, eps } = config as Readonly<
          Record<"stride" | "padding" | "groups" | "eps", number>
        > & { readonly varianceMode: string };
        const options = { ...forms[varianceMode], eps };
        const weight = weightStandardization(params["convWeight"]!, options);
        const slide = { stride, padding, groups, bias: params["convBias"] };
        return { output: conv2d(inputs["x"]!, weight, slide) };
      },
    },
  ],
};

import { tensor, zeros } from "@evenkeel/autodiff";
import type { MethodCase } from "@evenkeel/testkit";
import { binaryActivationReference } from "./binary-activation.reference.ts";
import { binaryActivation, binaryActivationCard, rsign } from "./binary-activation.ts";

/** What the binary activation promises, as data for `methodSuite`. */
export const binaryActivationCase: MethodCase = {
  card: binaryActivationCard,
  call: ([x]) => binaryActivation(x!),
  // Straight-through: the gradient is not the forward's. The spec has its own equations.
  order: 0,
  draw(stream) {
    const shape = Array.from({ length: stream.integer(5) }, () => 1 + stream.integer(4));
    return { inputs: [stream.normal(shape, { dtype: "float64" })], params: undefined };
  },
  reference: ([x]) => binaryActivationReference(x!),
  specialValues: [
    {
      name: "0 and the ends of the step",
      inputs: [tensor([0, -1, 1, -0.5, 0.5, -3], { dtype: "float64" })],
      params: undefined,
      output: [0, -1, 1, -1, 1, -1],
      gradients: [[2, 0, 0, 1, 1, 0]],
    },
  ],
  rejects: [
    {
      name: "a shift for other channels",
      call: () => rsign(zeros([2, 3, 4]), zeros([4])),
      message: "rsign: expected x of shape [samples, 4, …], got [2, 3, 4].",
    },
  ],
  golden: [
    {
      method: "bnn-no-bn",
      takes: ({ component }) => component === "binary-activation",
      run: ({ inputs }) => ({ output: binaryActivation(inputs["x"]!) }),
    },
  ],
};

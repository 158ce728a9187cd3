import { tensor, zeros } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import type { GoldenProgram, MethodCase } from "@evenkeel/testkit";
import { binaryWeightReference } from "./binary-weight.reference.ts";
import { binaryStandardizedWeight, binaryWeight, binaryWeightCard } from "./binary-weight.ts";

type Numbers = Readonly<Record<string, number>>;

const plain: GoldenProgram = {
  method: "bnn-no-bn",
  takes: ({ component }) => component === "binary-conv",
  run({ config, inputs, params: { convWeight } }) {
    const { stride, padding } = config as Numbers;
    const slide = { stride: stride!, padding: padding! };
    return { output: conv2d(inputs["x"]!, binaryWeight(convWeight!), slide) };
  },
};

const standardized: GoldenProgram = {
  method: "bnn-no-bn",
  takes: ({ component }) => component === "binary-scaled-std-conv",
  run({ config, inputs, params: { convWeight, gain } }) {
    const { stride, padding, gamma, eps } = config as Numbers;
    const options = { gamma: gamma!, eps: eps! };
    const weight = binaryStandardizedWeight(convWeight!, gain!, options);
    return { output: conv2d(inputs["x"]!, weight, { stride: stride!, padding: padding! }) };
  },
};

/** What binary weights promise, as data for `methodSuite`. */
export const binaryWeightCase: MethodCase = {
  card: binaryWeightCard,
  call: ([weight]) => binaryWeight(weight!),
  // Straight-through: the gradient is not the forward's. The spec has its own equations.
  order: 0,
  draw(stream) {
    const shape = Array.from({ length: 2 + stream.integer(3) }, () => 1 + stream.integer(4));
    return { inputs: [stream.normal(shape, { dtype: "float64" })], params: undefined };
  },
  reference: ([weight]) => binaryWeightReference(weight!),
  specialValues: [
    {
      name: "0, whose sign is 0, and the ends of the clip",
      inputs: [tensor([[0, 1, -1, 2, -4]], { dtype: "float64" })],
      params: undefined,
      output: [0, 1.6, -1.6, 1.6, -1.6],
      gradients: [[1, 1, 1, 0, 0]],
    },
  ],
  rejects: [
    {
      name: "a bias",
      call: () => binaryWeight(zeros([4])),
      message: "binaryWeight: expected a weight of shape [filters, …], got [4].",
    },
  ],
  golden: [plain, standardized],
};

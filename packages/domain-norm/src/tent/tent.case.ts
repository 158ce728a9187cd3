import { tensor, zeros } from "@evenkeel/autodiff";
import { Identity, ReLU, Sequential } from "@evenkeel/nn";
import type { MethodCase } from "@evenkeel/testkit";
import { tentProgram } from "./golden.case.ts";
import { softmaxEntropyReference } from "./tent.reference.ts";
import { softmaxEntropy, tent, tentCard } from "./tent.ts";

/** What TENT promises: of its loss as data for `methodSuite`, of its steps in golden files. */
export const tentCase: MethodCase = {
  card: tentCard,
  call: ([logits]) => softmaxEntropy(logits!),
  reference: ([logits]) => softmaxEntropyReference(logits!),
  draw: (stream) => {
    const shape = [1 + stream.integer(4), 1 + stream.integer(5)];
    return { inputs: [stream.normal(shape, { std: 2, dtype: "float64" })], params: undefined };
  },
  specialValues: [
    {
      name: "equal logits, however large",
      inputs: [tensor([[1e6, 1e6]], { dtype: "float64" })],
      params: undefined,
      output: [Math.LN2],
      gradients: [[0, 0]],
    },
    {
      name: "a single class",
      inputs: [zeros([2, 1], { dtype: "float64" })],
      params: undefined,
      output: [0, 0],
      gradients: [[0, 0]],
    },
  ],
  rejects: [
    {
      name: "a model without norms",
      call: () => tent(new Sequential(new Identity(), new ReLU())),
      message:
        "tent: expected a model with norms that have parameters, got none of them. Give its norms affine: true.",
    },
    {
      name: "no steps",
      call: () => tent(new Sequential(), { steps: 0 }),
      message: "tent steps: expected a whole number >= 1, got 0.",
    },
  ],
  golden: [tentProgram],
};

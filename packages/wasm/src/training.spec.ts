import { add, cpu, mul, random, scope, type Tensor, tensor, useBackend } from "@evenkeel/autodiff";
import {
  Adam,
  AdamW,
  AvgPool2d,
  Conv2d,
  clipGradNorm,
  clipGradValue,
  crossEntropy,
  Dropout,
  Embedding,
  Flatten,
  GELU,
  GlobalAvgPool2d,
  gradients,
  Linear,
  MaxPool2d,
  Module,
  mse,
  type Optimizer,
  ReLU,
  Sequential,
  SGD,
  Sigmoid,
  Tanh,
} from "@evenkeel/nn";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { wasm } from "./backend.ts";

afterEach(() => useBackend(cpu));

/** A network with every layer of nn that has something to compute. */
class Everything extends Module {
  readonly words: Embedding = new Embedding({ numEmbeddings: 7, embeddingDim: 6, seed: 1 });
  readonly images: Sequential = new Sequential(
    new Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, padding: 1, seed: 2 }),
    new ReLU(),
    new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    new Conv2d({ inChannels: 4, outChannels: 6, kernelSize: 3, groups: 2, stride: 2, seed: 3 }),
    new GELU(),
    new AvgPool2d({ kernelSize: 2, padding: 1, countIncludePad: false }),
    new Tanh(),
  );
  readonly pooled: Sequential = new Sequential(new GlobalAvgPool2d(), new Sigmoid());
  readonly head: Sequential = new Sequential(
    new Flatten(),
    new Linear({ inFeatures: 6, outFeatures: 5, seed: 4 }),
    new Dropout({ p: 0.2, seed: 5 }),
  );

  override forward(x: Tensor): Tensor {
    const y = mul(this.pooled.forward(this.images.forward(x)), this.words.forward([0, 3, 3, 6]));
    return this.head.forward(y);
  }
}

const losses: Readonly<Record<string, (y: Tensor) => Tensor>> = {
  "cross-entropy of ids": (y) => crossEntropy(y, [0, 4, 2, 2], { labelSmoothing: 0.1 }),
  "cross-entropy of probabilities": (y) => crossEntropy(y, add(mul(y, 0), 0.2)),
  "squared error": (y) => mse(y, add(mul(y, 0), 1)),
};
const optimizers: Readonly<Record<string, (model: Module) => Optimizer>> = {
  SGD: (m) => new SGD(m, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
  Adam: (m) => new Adam(m, { lr: 0.1, weightDecay: 1e-3 }),
  AdamW: (m) => new AdamW(m, { lr: 0.1 }),
};

/** The losses of three steps. */
function train(loss: (y: Tensor) => Tensor, optimizerOf: (model: Module) => Optimizer): number[] {
  const model = new Everything();
  const optimizer = optimizerOf(model);
  const x = random(6).normal([4, 2, 9, 9]);
  return [1, 2, 3].map(() =>
    scope(() => {
      const { value, grads } = gradients(model, () => loss(model.forward(x)));
      optimizer.step(clipGradValue(clipGradNorm(grads, 0.5).grads, 0.1));
      return value.item();
    }),
  );
}

describe("training with every layer of nn", () => {
  for (const [lossName, loss] of Object.entries(losses)) {
    for (const [optimizerName, optimizer] of Object.entries(optimizers)) {
      test(`by ${lossName} and ${optimizerName} needs no plain kernel and gives the same losses`, () => {
        const expected = train(loss, optimizer);
        const backend = wasm();
        useBackend(backend);
        const got = train(loss, optimizer);
        expect([...backend.fallbacks]).toEqual([]);
        expectClose("losses", tensor(got), tensor(expected), tolerances.backends["wasm"]!.gradient);
      });
    }
  }
});

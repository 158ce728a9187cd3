import { cpu, random, type Tensor, useBackend } from "@evenkeel/autodiff";
import { Adam, AdamW, Module, type Optimizer, Parameter, SGD } from "@evenkeel/nn";
import { afterEach, describe, expect, test } from "vitest";
import { wasm } from "./backend.ts";

afterEach(() => useBackend(cpu));

class Weights extends Module {
  readonly weight: Parameter;
  constructor(length: number) {
    super();
    this.weight = new Parameter(random(1).normal([length]));
  }
  override forward(x: Tensor): Tensor {
    return x;
  }
}

const optimizers: Readonly<Record<string, (model: Module) => Optimizer>> = {
  Adam: (model) => new Adam(model, { lr: 0.01, weightDecay: 0.1 }),
  AdamW: (model) => new AdamW(model, { lr: 0.001, weightDecay: 0.01 }),
  SGD: (model) => new SGD(model, { lr: 0.1, momentum: 0.9, weightDecay: 0.01 }),
};

/** The weights after some steps. */
function trained(make: (model: Module) => Optimizer, length: number): readonly number[] {
  const model = new Weights(length);
  const optimizer = make(model);
  for (let step = 0; step < 5; step++) {
    optimizer.step({ weight: random(step + 2).normal([length]) });
  }
  return [...model.weight.value.data];
}

describe("optimizers", () => {
  for (const [name, make] of Object.entries(optimizers)) {
    test(`${name} takes the plain kernels' steps to the last bit`, () => {
      for (const length of [1, 3, 4, 7, 64, 101]) {
        useBackend(cpu);
        const expected = trained(make, length);
        const backend = wasm();
        useBackend(backend);
        expect(trained(make, length)).toEqual(expected);
        expect([...backend.fallbacks]).toEqual([]);
      }
    });
  }
});

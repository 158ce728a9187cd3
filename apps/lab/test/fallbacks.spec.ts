import { cast, cpu, random, relu, reshape, scope, Tensor, useBackend } from "@evenkeel/autodiff";
import { Adam, Conv2d, crossEntropy, gradients, Linear, Module, NormModule } from "@evenkeel/nn";
import type { NormCase } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { afterEach, describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";

afterEach(() => useBackend(cpu));

const shape = [4, 4, 3, 3] as const;

/** A convolution, a norm, ReLU and a linear layer. */
class Net extends Module {
  readonly conv: Conv2d = new Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, seed: 1 });
  readonly norm: NormModule<unknown>;
  readonly linear: Linear = new Linear({ inFeatures: 36, outFeatures: 3, seed: 2 });

  constructor(norm: NormModule<unknown>) {
    super();
    this.norm = norm;
  }
  override forward(x: Tensor, condition?: unknown): Tensor {
    const y = relu(this.norm.forward(this.conv.forward(x), condition));
    return this.linear.forward(reshape(y, [4, 36]));
  }
}

/** A condition with its tensors in float32; whatever else it holds stays. */
function inFloat32(condition: unknown): unknown {
  if (condition instanceof Tensor) return cast(condition, "float32");
  if (typeof condition !== "object" || condition === null || Array.isArray(condition)) {
    return condition;
  }
  const entries = Object.entries(condition).map(([name, v]) => [name, inFloat32(v)] as const);
  return Object.fromEntries(entries);
}

/** Two steps of training, and an evaluation. */
function train(norm: NormCase<object, unknown>, options: object): void {
  const model = new Net(new NormModule(norm.norm(options), { seed: 3 }));
  const optimizer = new Adam(model);
  const condition = inFloat32(norm.condition?.(random(4), shape, options));
  const x = random(5).normal([4, 2, 5, 5]);
  const step = (): void => {
    const loss = (): Tensor => crossEntropy(model.forward(x, condition), [0, 1, 2, 0]);
    const { grads } = gradients(model, loss);
    optimizer.step(grads);
  };
  scope(step);
  scope(step);
  model.train(false);
  scope(() => void model.forward(x, condition));
}

/** What the gates, rules and classes of norms compute in float64, of a number or so per plane. */
const few = new Set(["exp", "log", "tanh", "sigmoid", "pow", "matmul"]);

describe("training in float32 on the WebAssembly backend needs no plain kernel for arrays", () => {
  for (const [id, norm] of Object.entries(cases)) {
    for (const options of norm.options(shape[1], shape)) {
      test(`${id} ${JSON.stringify(options)}`, () => {
        const backend = wasm();
        useBackend(backend);
        train(norm, options);
        expect([...backend.fallbacks.keys()].filter((name) => !few.has(name))).toEqual([]);
      });
    }
  }
});

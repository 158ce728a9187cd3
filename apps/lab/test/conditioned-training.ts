import { cast, random, relu, reshape, scope, Tensor } from "@evenkeel/autodiff";
import { Adam, Conv2d, crossEntropy, gradients, Linear, Module, NormModule } from "@evenkeel/nn";
import type { NormCase } from "@evenkeel/testkit";

/** What the norm of `trainConditioned` works on. */
export const shape = [4, 4, 3, 3] as const;

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
  if (Object.getPrototypeOf(condition) !== Object.prototype) return condition;
  const entries = Object.entries(condition).map(([name, v]) => [name, inFloat32(v)] as const);
  return Object.fromEntries(entries);
}

/**
 * Two steps of training of a small network on the current backend, its norm told what its case draws; the losses,
 * and the logits of an evaluation.
 */
export function trainConditioned(norm: NormCase<object, unknown>, options: object): Tensor[] {
  const model = new Net(new NormModule(norm.norm(options), { seed: 3 }));
  // Where gradients are rounding alone, as of a bias before a norm, a small eps would make steps of them.
  const optimizer = new Adam(model, { eps: 1e-2 });
  const condition = inFloat32(norm.condition?.(random(4), shape, options));
  const x = random(5).normal([4, 2, 5, 5]);
  const step = (): Tensor => {
    const loss = (): Tensor => crossEntropy(model.forward(x, condition), [0, 1, 2, 0]);
    const { value, grads } = gradients(model, loss);
    optimizer.step(grads);
    return value;
  };
  const losses = [scope(step), scope(step)];
  model.train(false);
  return [...losses, scope(() => model.forward(x, condition))];
}

import {
  add,
  type Backend,
  cpu,
  type DType,
  mean,
  mul,
  random,
  type Storage,
  scope,
  square,
  stopGradient,
  sum,
  type Tensor,
  tensor,
  useBackend,
  zeros,
} from "@evenkeel/autodiff";
import { afterEach, describe, expect, it } from "vitest";
import {
  Adam,
  Buffer,
  Conv2d,
  clipGradNorm,
  cosineSchedule,
  crossEntropy,
  GlobalAvgPool2d,
  gradients,
  Linear,
  MaxPool2d,
  Module,
  type Optimizer,
  ReLU,
  Sequential,
  SGD,
  Tanh,
  warmup,
} from "./index.ts";

afterEach(() => useBackend(cpu));

/** Follows the mean of what passes through: state that every step replaces. */
class Follow extends Module {
  readonly mean: Buffer = new Buffer(zeros([]));
  override forward(x: Tensor): Tensor {
    if (this.training) {
      this.mean.replace(add(mul(0.9, this.mean.value), mul(0.1, mean(stopGradient(x)))));
    }
    return add(x, this.mean.value);
  }
}

/** The CPU with a count of blocks in use. */
function counting(): Backend & { readonly live: number } {
  let live = 0;
  const backend = {
    ...cpu,
    name: "counting",
    get live() {
      return live;
    },
    allocate(dtype: DType, size: number): Storage {
      live++;
      const inner = cpu.allocate(dtype, size);
      return {
        backend,
        users: 1,
        data: inner.data,
        read: () => inner.read(),
        write: (data) => inner.write(data),
        fill: (value) => inner.fill(value),
      };
    },
    free(storage: Storage): void {
      live--;
      storage.data.fill(Number.NaN);
    },
  };
  return backend;
}

describe("a network of two layers", () => {
  it("learns exclusive or", () => {
    const stream = random(2);
    const model = new Sequential(
      new Linear({ inFeatures: 2, outFeatures: 8, random: stream }),
      new Tanh(),
      new Linear({ inFeatures: 8, outFeatures: 2, random: stream }),
    );
    const x = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const labels = [0, 1, 1, 0];
    const optimizer = new SGD(model, { lr: 0.5, momentum: 0.9 });
    const schedule = warmup(cosineSchedule({ steps: 190 }), { steps: 10 });
    let loss = Infinity;
    for (let step = 0; step < 200; step++) {
      optimizer.lr = 0.5 * schedule(step);
      loss = scope(() => {
        const { value, grads } = gradients(model, () => crossEntropy(model.forward(x), labels));
        optimizer.step(grads);
        return value.item();
      });
    }
    expect(loss).toBeLessThan(0.01);
  });
});

describe("memory", () => {
  const kinds: readonly (readonly [string, (m: Module) => Optimizer])[] = [
    ["SGD", (m) => new SGD(m, { lr: 0.01, momentum: 0.9, nesterov: true, weightDecay: 1e-4 })],
    ["Adam", (m) => new Adam(m, { weightDecay: 1e-4 })],
  ];
  it.each(kinds)("in use stays the same over 200 steps with %s", (_name, make) => {
    const backend = counting();
    useBackend(backend);
    const model = new Sequential(
      new Conv2d({ inChannels: 1, outChannels: 3, kernelSize: 3, padding: 1, seed: 1 }),
      new Follow(),
      new ReLU(),
      new MaxPool2d({ kernelSize: 2 }),
      new GlobalAvgPool2d(),
      new Linear({ inFeatures: 3, outFeatures: 2, seed: 1 }),
    );
    const x = random(1).normal([4, 1, 6, 6]);
    const optimizer = make(model);
    const step = (): number =>
      scope(() => {
        const { value, grads } = gradients(model, () =>
          crossEntropy(model.forward(x), [0, 1, 0, 1]),
        );
        optimizer.step(clipGradNorm(grads, 0.1).grads);
        return value.item();
      });
    const first = step();
    const live = backend.live;
    let last = first;
    for (let i = 0; i < 200; i++) last = step();
    expect(backend.live).toBe(live);
    expect(last).toBeLessThan(first);
  });

  it("of failed runs and of plain forwards is given back, too", () => {
    const backend = counting();
    useBackend(backend);
    const model = new Sequential(
      new Linear({ inFeatures: 2, outFeatures: 2, seed: 1 }),
      new Follow(),
    );
    const x = tensor([[1, 2]]);
    const run = (): void => {
      expect(() => gradients(model, () => square(model.forward(x)))).toThrow("one element");
      scope(() => sum(model.forward(x)).item());
      scope(() => {
        model.loadStateDict(model.stateDict());
      });
    };
    run();
    const live = backend.live;
    for (let i = 0; i < 20; i++) run();
    expect(backend.live).toBe(live);
  });
});

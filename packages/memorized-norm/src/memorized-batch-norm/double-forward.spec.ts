import {
  add,
  mean,
  random,
  scope,
  slice,
  square,
  sub,
  type Tensor,
  zeros,
} from "@evenkeel/autodiff";
import {
  Buffer,
  gradients,
  Linear,
  Module,
  type NormModule,
  norm,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { doubleForward, memorizedBatchNorm } from "./memorized-batch-norm.ts";

const f64 = { dtype: "float64" } as const;
const batches = Array.from({ length: 5 }, (_, i) => random(20 + i).normal([4 + i, 3], f64));

/** A state of another kind: it counts forwards. */
class Counter extends Module {
  readonly seen: Buffer = new Buffer(zeros([]));
  override forward(x: Tensor): Tensor {
    this.seen.replace(add(this.seen.value, 1));
    return x;
  }
}

interface Model {
  readonly model: Sequential;
  readonly linear: Linear;
  readonly memory: NormModule;
}

function build(): Model {
  const linear = new Linear({ inFeatures: 3, outFeatures: 2, seed: 1, ...f64 });
  const memory = norm(memorizedBatchNorm, { numFeatures: 2, memorySize: 2 }, f64);
  return { model: new Sequential(linear, memory, new Counter()), linear, memory };
}

function step(model: Sequential, optimizer: SGD, x: Tensor): Tensor {
  const target = random(3).normal([x.shape[0]!, 2], f64);
  const loss = (): Tensor => mean(square(sub(model.forward(x), target)));
  const { value, grads } = gradients(model, loss);
  optimizer.step(grads);
  return value;
}

function train({ model }: Model, xs: readonly Tensor[], twice: boolean): void {
  const optimizer = new SGD(model, { lr: 0.2 });
  for (const x of xs) {
    scope(() => {
      if (twice)
        doubleForward(
          model,
          () => step(model, optimizer, x),
          () => model.forward(x),
        );
      else step(model, optimizer, x);
    });
  }
}

/** How far the newest stored means are from those of x under today's weights. */
function staleness({ linear, memory }: Model, x: Tensor): number {
  const now = mean(linear.forward(x), { axes: 0, keepDims: true });
  const stored = slice(memory.state["memoryMean"]!.value, [0], [1]);
  return Math.max(...sub(stored, now).data.map(Math.abs));
}

describe("doubleForward", () => {
  test("stores what the updated weights make of the batch", () => {
    const [once, twice] = [build(), build()];
    train(once, batches, false);
    train(twice, batches, true);
    expect(staleness(once, batches.at(-1)!)).toBeGreaterThan(1e-3);
    expect(staleness(twice, batches.at(-1)!)).toBeLessThan(tolerances.reference);
  });

  test("stores the batch once, and so does every other buffer", () => {
    const made = build();
    train(made, batches.slice(0, 1), true);
    const dict = made.model.stateDict();
    expect(dict["1.num_batches_tracked"]!.item()).toBe(1);
    expect(dict["2.seen"]!.item()).toBe(1);
    expect(slice(dict["1.memory_mean"]!, [1]).toArray()).toEqual([[0, 0]]);
  });

  test("returns what the step returned", () => {
    const { model } = build();
    expect(
      doubleForward(
        model,
        () => "loss",
        () => model.forward(batches[0]!),
      ),
    ).toBe("loss");
  });

  test("leaves what the step made of the buffers if the second forward throws", () => {
    const [made, other] = [build(), build()];
    train(other, batches.slice(0, 1), false);
    const optimizer = new SGD(made.model, { lr: 0.2 });
    const broken = (): never => {
      made.model.forward(batches[1]!);
      throw new Error("broken");
    };
    expect(() =>
      doubleForward(made.model, () => step(made.model, optimizer, batches[0]!), broken),
    ).toThrow("broken");
    const expected = other.model.stateDict();
    for (const [name, t] of Object.entries(made.model.stateDict())) {
      expect(t.toArray(), name).toEqual(expected[name]!.toArray());
    }
  });

  test("leaves the buffers alone if the step throws", () => {
    const made = build();
    const before = made.model.stateDict();
    const broken = (): never => {
      throw new Error("broken");
    };
    expect(() => doubleForward(made.model, broken, () => made.model.forward(batches[0]!))).toThrow(
      "broken",
    );
    for (const [name, t] of Object.entries(made.model.stateDict())) {
      expect(t.toArray(), name).toEqual(before[name]!.toArray());
    }
  });

  test("goes on from a saved state with the same bits, whatever the sizes of the batches", () => {
    const [whole, first, second] = [build(), build(), build()];
    train(whole, batches, true);
    train(first, batches.slice(0, 2), true);
    second.model.loadStateDict(first.model.stateDict());
    train(second, batches.slice(2), true);
    const expected = whole.model.stateDict();
    for (const [name, t] of Object.entries(second.model.stateDict())) {
      expect(t.toArray(), name).toEqual(expected[name]!.toArray());
    }
  });
});

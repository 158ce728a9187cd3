import {
  cpu,
  mean,
  mul,
  random,
  scope,
  square,
  sub,
  sum,
  type Tensor,
  useBackend,
} from "@evenkeel/autodiff";
import {
  type Conv2dOptions,
  conv2d,
  gradients,
  norm,
  ReLU,
  readStateDict,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { backendTolerance, expectClose, remoteBackend, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import {
  CenteredConv2d,
  centerWeight,
  movingAverageBatchNorm,
} from "./moving-average-batch-norm.ts";

const f64 = { dtype: "float64" } as const;
const small: Conv2dOptions = { inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1 };

afterEach(() => useBackend(cpu));

function build(seed = 1, f: object = f64): Sequential {
  const options = { numFeatures: 3, bufferSize: 2, warmupIters: 2, rStart: 2 };
  const conv = new CenteredConv2d({ ...small, seed, ...f });
  return new Sequential(conv, norm(movingAverageBatchNorm, options, f), new ReLU());
}

function train(model: Sequential, batches: readonly Tensor[]): Sequential {
  const optimizer = new SGD(model, { lr: 0.1 });
  for (const x of batches) {
    scope(() => {
      const loss = (): Tensor => mean(square(sub(model.forward(x), 1)));
      optimizer.step(gradients(model, loss).grads);
    });
  }
  return model;
}

describe("movingAverageBatchNorm in a network", () => {
  const sizes = [
    [2, 2, 4, 4],
    [1, 2, 5, 3],
    [3, 2, 3, 3],
    [2, 2, 6, 6],
    [2, 2, 4, 4],
  ] as const;
  const batches = sizes.map((shape, i) => random(30 + i).normal(shape, f64));

  test("keeps what the backward found: one row for each batch", () => {
    const rows = (n: number): unknown =>
      train(build(), batches.slice(0, n)).stateDict()["1.buffer_gz"]!.toArray();
    const [zero, one, two] = [0, 1, 2].map(rows) as [number[][], number[][], number[][]];
    expect(zero).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(one[0]).toEqual([0, 0, 0]);
    expect(one[1]!.every((v) => v !== 0)).toBe(true);
    expect(two[1]).toEqual(one[1]);
    expect(two[0]!.every((v) => v !== 0)).toBe(true);
  });

  test("goes on from a saved state with the same bits, whatever the sizes of the batches", () => {
    const expected = train(build(), batches).stateDict();
    const second = build(9);
    second.loadStateDict(train(build(), batches.slice(0, 3)).stateDict());
    for (const [name, t] of Object.entries(train(second, batches.slice(3)).stateDict())) {
      expect(t.toArray(), name).toEqual(expected[name]!.toArray());
    }
  });

  test("a training forward without a backward leaves its row as it was", () => {
    const model = train(build(), batches.slice(0, 2));
    const before = model.stateDict()["1.buffer_gz"]!.toArray();
    model.forward(batches[2]!);
    expect(model.stateDict()["1.buffer_gz"]!.toArray()).toEqual(before);
    expect(model.stateDict()["1.iters"]!.toArray()).toEqual([3]);
  });

  test("counts and fills in where the backend's memory is not in the process, too", async () => {
    const expected = train(build(), batches).stateDict();
    useBackend(remoteBackend());
    const single = sizes.map((shape, i) => random(30 + i).normal(shape));
    const model = train(build(1, {}), single.slice(0, 3));
    const saved = await readStateDict(train(model, single.slice(3)).stateDict());
    const { gradient } = backendTolerance("remote");
    for (const [name, t] of Object.entries(expected)) expectClose(name, saved[name]!, t, gradient);
    expect(saved["1.iters"]!.data).toEqual(Float32Array.of(5));
  });

  test("a step that fails in its backward changes no buffer", () => {
    const model = train(build(), batches.slice(0, 1));
    const before = model.stateDict();
    const broken = (): Tensor => sum(mul(model.forward(batches[1]!), Number.NaN));
    expect(() => gradients(model, broken)).toThrow("expected a finite mean of g·z");
    for (const [name, t] of Object.entries(model.stateDict())) {
      expect(t.toArray(), name).toEqual(before[name]!.toArray());
    }
  });
});

describe("CenteredConv2d", () => {
  const x = random(1).normal([2, 2, 5, 5], f64);
  const conv = new CenteredConv2d({ ...small, seed: 2, ...f64 });

  test("convolves by the centered weight, which does not see a constant image", () => {
    const plain = conv2d(x, centerWeight(conv.weight.value), { padding: 1 });
    expectClose("output", conv.forward(x), plain, 0);
    const unpadded = new CenteredConv2d({ ...small, padding: 0, seed: 2, ...f64 });
    const shifted = unpadded.forward(sub(x, 100));
    expectClose("shifted", shifted, unpadded.forward(x), tolerances.reference);
  });

  test("has the parameters of a Conv2d without bias", () => {
    expect([...conv.namedParameters().keys()]).toEqual(["weight"]);
  });

  test("centers the gradient of its weight, too", () => {
    const { grads } = gradients(conv, () => sum(square(conv.forward(x))));
    const means = mean(grads["weight"]!, { axes: [1, 2, 3] });
    expect(Math.max(...means.data.map(Math.abs))).toBeLessThan(tolerances.reference);
  });
});

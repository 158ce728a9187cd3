import {
  add,
  cpu,
  exp,
  matmul,
  mul,
  random,
  relu,
  type Shape,
  sigmoid,
  sub,
  sum,
  type Tensor,
  useBackend,
  vjp,
  where,
  zeros,
} from "@evenkeel/autodiff";
import { AdamW, avgPool2d, Conv2d, conv2d, gradients, maxPool2d } from "@evenkeel/nn";
import {
  type Layout,
  normalizePlanes,
  planeSize,
  standardMap,
  variance,
} from "@evenkeel/norm-core";
import { sameBits } from "@evenkeel/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

afterEach(() => useBackend(cpu));

const normal = (seed: number, shape: Shape, mean = 0): Tensor =>
  random(seed).normal(shape, { mean });

/** The value of f and its gradients for a random cotangent. */
function all(f: (...inputs: Tensor[]) => Tensor, ...inputs: readonly Tensor[]): Tensor[] {
  const { value, pullback } = vjp(f, ...inputs);
  return [value, ...(pullback(normal(99, value.shape)) as Tensor[])];
}

/** A norm's step in planes, with an affine and places of its own where asked for. */
function norm(layout: Layout, along: boolean): Tensor[] {
  const { samples, outer, channels, inner } = layout;
  const inputs = [
    normal(1, [samples, outer, channels, inner], 3),
    ...[2, 3].map((seed) => normal(seed, [channels])),
    ...(along ? [4, 5].map((seed) => normal(seed, [planeSize(layout)])) : []),
  ];
  const forward = (x: Tensor, ...given: Tensor[]): Tensor => {
    const [weight, bias, ...places] = given as [Tensor, Tensor, ...Tensor[]];
    const options = { layout, weight: places[0], bias: places[1], activation: "relu" } as const;
    return normalizePlanes(
      x,
      { weight, bias },
      (m, affine) => standardMap(m.mean, variance(m), 0.1, affine),
      options,
    ).output;
  };
  return all(forward as (...inputs: Tensor[]) => Tensor, ...inputs);
}

/** Three steps of a small network with weights large enough to be divided. */
function training(): Tensor[] {
  const model = new Conv2d({
    inChannels: 64,
    outChannels: 128,
    kernelSize: 3,
    padding: 1,
    seed: 1,
  });
  const optimizer = new AdamW(model, { lr: 0.01 });
  const x = normal(2, [2, 64, 13, 13]);
  const losses = [1, 2, 3].map(() => {
    const { value, grads } = gradients(model, () => sum(relu(model.forward(x))));
    optimizer.step(grads);
    return value;
  });
  return [...losses, model.forward(x)];
}

const programs: Readonly<Record<string, () => readonly Tensor[]>> = {
  "a product": () => all(matmul, normal(1, [301, 203]), normal(2, [203, 517])),
  "a product without a whole tile": () => [matmul(normal(1, [2003, 301]), normal(2, [301, 5]))],
  "a product of few rows": () => [matmul(normal(1, [2, 1500]), normal(2, [1500, 1501]))],
  "a product by a vector": () => [matmul(normal(1, [2100, 1003]), normal(2, [1003, 1]))],
  "products of pairs": () => all(matmul, normal(1, [9, 70, 66]), normal(2, [9, 66, 75])),
  "more pairs than one job holds": () => [
    matmul(normal(1, [1400, 13, 17]), normal(2, [1400, 17, 11])),
  ],
  "equal shapes": () =>
    all((a, b) => mul(exp(a!), sigmoid(b!)), normal(1, [70_001]), normal(2, [70_001])),
  "a number per channel": () =>
    all((x, c) => sub(x!, c!), normal(1, [3, 40, 29, 31]), normal(2, [40, 1, 1])),
  "a number per column": () => all(add, normal(1, [301, 403]), normal(2, [403])),
  choices: () => [where(relu(normal(1, [300, 301])), normal(2, [301]), normal(3, [300, 1]))],
  convolution: () =>
    all(
      (x, w) => conv2d(x!, w!, { padding: 1, stride: [1, 2] }),
      normal(1, [5, 6, 37, 41]),
      normal(2, [9, 6, 3, 3]),
    ),
  "convolution by Winograd's way": () =>
    all(
      (x, w) => conv2d(x!, w!, { padding: 1 }),
      normal(1, [5, 17, 30, 41]),
      normal(2, [21, 17, 3, 3]),
    ),
  "depthwise convolution": () =>
    all(
      (x, w) => conv2d(x!, w!, { padding: 1, stride: 2, groups: 30 }),
      normal(1, [7, 30, 49, 51]),
      normal(2, [30, 1, 3, 3]),
    ),
  "grouped convolution": () =>
    all(
      (x, w) => conv2d(x!, w!, { groups: 3, dilation: 2 }),
      normal(1, [4, 9, 40, 40]),
      normal(2, [15, 3, 3, 3]),
    ),
  pooling: () => [
    ...all((x) => maxPool2d(x!, { kernelSize: 3, stride: 2 }), normal(1, [5, 30, 31, 29])),
    ...all((x) => avgPool2d(x!, { kernelSize: 2, padding: 1 }), normal(1, [5, 30, 31, 29])),
  ],
  "batch norm": () => norm({ samples: 1, outer: 7, channels: 37, inner: 961 }, false),
  "batch norm, channels last": () =>
    norm({ samples: 1, outer: 901, channels: 133, inner: 1 }, false),
  "batch norm, short runs": () => norm({ samples: 1, outer: 401, channels: 91, inner: 3 }, false),
  "instance norm": () => norm({ samples: 9, outer: 1, channels: 31, inner: 441 }, false),
  "layer norm": () => norm({ samples: 401, outer: 1, channels: 1, inner: 333 }, true),
  "places of channels last": () => norm({ samples: 3, outer: 431, channels: 90, inner: 1 }, true),
  "training steps": training,
};

/** A backend whose threads are all at work. */
async function started(threads: number): Promise<WasmBackend> {
  const backend = wasm({ threads });
  useBackend(backend);
  exp(zeros([2 ** 18]));
  await vi.waitFor(() => expect(backend.threads).toBe(threads));
  return backend;
}

describe.each([2, 3])("%i threads give the bits of one", (threads) => {
  test.each(Object.entries(programs))("for %s", async (_, program) => {
    useBackend(wasm());
    const expected = program();
    const backend = await started(threads);
    const got = program();
    expect(got.map((t, i) => sameBits(t, expected[i]!))).toEqual(got.map(() => true));
    expect([...backend.fallbacks.keys()]).toEqual([]);
  });
});

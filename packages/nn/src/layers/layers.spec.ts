import { mean, ones, random, square, sum, type Tensor, tensor, vjp } from "@evenkeel/autodiff";
import { describe, expect, it } from "vitest";
import {
  AvgPool2d,
  Conv2d,
  Dropout,
  dropout,
  Embedding,
  Flatten,
  GELU,
  GlobalAvgPool2d,
  gradients,
  Identity,
  kaimingNormal,
  kaimingUniform,
  Linear,
  linear,
  MaxPool2d,
  manualSeed,
  ReLU,
  Sequential,
  Sigmoid,
  Tanh,
  xavierNormal,
  xavierUniform,
} from "../index.ts";

const std = (t: Tensor): number => Math.sqrt(mean(square(t)).item());
const largest = (t: Tensor): number => Math.max(...Array.from(t.data, Math.abs));

describe("shapes through a network", () => {
  it("follow PyTorch's", () => {
    const model = new Sequential(
      new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: [3, 5], padding: [1, 2], stride: 2 }),
      new ReLU(),
      new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
      new Conv2d({
        inChannels: 8,
        outChannels: 8,
        kernelSize: 3,
        padding: 2,
        dilation: 2,
        groups: 8,
      }),
      new GELU(),
      new AvgPool2d({ kernelSize: 2 }),
    );
    const x = ones([2, 3, 32, 32]);
    expect(model.forward(x).shape).toEqual([2, 8, 4, 4]);
    expect(new Flatten().forward(model.forward(x)).shape).toEqual([2, 128]);
    expect(new GlobalAvgPool2d().forward(x).shape).toEqual([2, 3]);
    expect(new Identity().forward(x)).toBe(x);
    expect(new Tanh().forward(tensor([0])).item()).toBe(0);
    expect(new Sigmoid().forward(tensor([0])).item()).toBe(0.5);
  });
});

describe("Linear", () => {
  it("takes any number of leading axes and gives the weight one gradient", () => {
    const w = random(1).normal([5, 4]);
    const { value, pullback } = vjp((v: Tensor) => linear(ones([2, 3, 4]), v), w);
    expect(value.shape).toEqual([2, 3, 5]);
    expect(pullback(ones([2, 3, 5]))[0].toArray()).toEqual(Array(5).fill(Array(4).fill(6)));
    expect(linear(ones([4]), w).shape).toEqual([5]);
  });

  it("says what does not fit", () => {
    const layer = new Linear({ inFeatures: 4, outFeatures: 5 });
    expect(() => layer.forward(ones([2, 3]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: linear: expected x of shape [..., 4], got [2, 3] for a weight of shape [5, 4].]`,
    );
    expect(() => new Linear({ inFeatures: 4, outfeatures: 5 } as never)).toThrow(
      "Did you mean outFeatures?",
    );
    expect(() => new Linear({ inFeatures: 0, outFeatures: 5 })).toThrow("Linear inFeatures");
  });
});

describe("Conv2d", () => {
  it("refuses channels that groups do not divide", () => {
    expect(
      () => new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, groups: 2 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[OptionError: Conv2d: expected inChannels and outChannels that are multiples of groups (2), got 3 and 4.]`,
    );
  });

  it("has no bias where none is asked for", () => {
    const conv = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1, bias: false });
    expect(Object.keys(conv.stateDict())).toEqual(["weight"]);
  });

  it("convolves by another weight where it is asked to, with its own bias", () => {
    const conv = new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 1, stride: 2, seed: 1 });
    const [first, second] = conv.bias!.value.data as Float32Array;
    const y = conv.convolve(ones([1, 1, 3, 3]), tensor([[[[2]]], [[[3]]]]));
    expect(y.shape).toEqual([1, 2, 2, 2]);
    expect(y.data[0]).toBeCloseTo(2 + first!);
    expect(y.data[4]).toBeCloseTo(3 + second!);
  });
});

describe("Embedding", () => {
  it("looks rows up and adds the gradients of repeated ids", () => {
    const table = new Embedding({ numEmbeddings: 3, embeddingDim: 2, seed: 1 });
    expect(
      table.forward(
        tensor([
          [0, 1],
          [2, 0],
        ]),
      ).shape,
    ).toEqual([2, 2, 2]);
    const { grads } = gradients(table, () => sum(table.forward([1, 1, 2])));
    expect(grads["weight"]!.toArray()).toEqual([
      [0, 0],
      [2, 2],
      [1, 1],
    ]);
    expect(() => table.forward([3])).toThrow("indices from 0 to 2, got 3 at position 0");
  });
});

describe("Dropout", () => {
  it("keeps the mean, zeroes about p of the elements, and is the identity in evaluation", () => {
    const layer = new Dropout({ p: 0.25, seed: 3 });
    const x = ones([4000]);
    const y = layer.forward(x);
    const zeros = y.data.filter((v) => v === 0).length;
    expect(zeros / 4000).toBeCloseTo(0.25, 1);
    expect(new Set(y.data)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(layer.eval().forward(x)).toBe(x);
  });

  it("draws anew each time, and the same from the same seed", () => {
    const [a, b] = [new Dropout({ seed: 3 }), new Dropout({ seed: 3 })];
    const x = ones([64]);
    const first = a.forward(x).data;
    expect(b.forward(x).data).toEqual(first);
    expect(a.forward(x).data).not.toEqual(first);
  });

  it("refuses to drop everything", () => {
    expect(() => new Dropout({ p: 1 })).toThrow("Dropout p: expected a number >= 0 and < 1, got 1");
    expect(() => dropout(ones([1]), -1, random(1))).toThrow("dropout p");
  });
});

describe("first parameters", () => {
  it("have PyTorch's spread", () => {
    const conv = new Conv2d({ inChannels: 8, outChannels: 64, kernelSize: 3, groups: 2, seed: 1 });
    const bound = 1 / Math.sqrt(4 * 9);
    expect(largest(conv.weight.value)).toBeLessThanOrEqual(bound);
    expect(std(conv.weight.value)).toBeCloseTo(bound / Math.sqrt(3), 2);
    expect(largest(conv.bias!.value)).toBeLessThanOrEqual(bound);
    const layer = new Linear({ inFeatures: 64, outFeatures: 100, seed: 1 });
    expect(std(layer.weight.value)).toBeCloseTo(1 / Math.sqrt(64 * 3), 2);
    expect(
      std(new Embedding({ numEmbeddings: 50, embeddingDim: 40, seed: 1 }).weight.value),
    ).toBeCloseTo(1, 1);
  });

  it("of Kaiming and Xavier have the variance of their formulas", () => {
    const shape = [64, 32, 3, 3];
    const [fanIn, fanOut] = [288, 576];
    const seed = 4;
    const relu = { nonlinearity: "relu", seed } as const;
    const near = (t: Tensor, expected: number): void => expect(std(t) / expected).toBeCloseTo(1, 1);
    near(kaimingNormal(shape, relu), Math.sqrt(2 / fanIn));
    near(kaimingUniform(shape, { ...relu, mode: "fanOut" }), Math.sqrt(2 / fanOut));
    near(kaimingUniform(shape, { slope: Math.sqrt(5), seed }), 1 / Math.sqrt(3 * fanIn));
    near(kaimingNormal(shape, { nonlinearity: "tanh", seed }), 5 / 3 / Math.sqrt(fanIn));
    near(xavierUniform(shape, { seed }), Math.sqrt(2 / (fanIn + fanOut)));
    near(xavierNormal(shape, { gain: 2, seed }), 2 * Math.sqrt(2 / (fanIn + fanOut)));
    expect(largest(xavierUniform(shape, { seed }))).toBeLessThanOrEqual(
      Math.sqrt(6 / (fanIn + fanOut)),
    );
  });

  it("are the same from the same seed, and differ between layers that share the stream", () => {
    const make = (): Linear => new Linear({ inFeatures: 3, outFeatures: 3 });
    manualSeed(9);
    const [a, b] = [make(), make()];
    manualSeed(9);
    expect(make().weight.value.data).toEqual(a.weight.value.data);
    expect(b.weight.value.data).not.toEqual(a.weight.value.data);
    const seeded = new Linear({ inFeatures: 3, outFeatures: 3, random: random(9) });
    expect(seeded.weight.value.data).toEqual(a.weight.value.data);
  });

  it("refuse a weight with one axis and unknown options", () => {
    expect(() => kaimingNormal([3])).toThrow(
      "fans: expected a weight of at least two axes, got [3]",
    );
    expect(() => kaimingNormal([3, 3], { nonlinearity: "swish" as "relu" })).toThrow(
      "kaimingNormal nonlinearity",
    );
    expect(() => xavierUniform([3, 3], { gian: 2 } as object)).toThrow("Did you mean gain?");
  });
});

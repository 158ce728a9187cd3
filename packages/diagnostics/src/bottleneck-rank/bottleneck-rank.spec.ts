import { cast, mul, random, type Tensor, tensor } from "@evenkeel/autodiff";
import { Conv2d, GlobalAvgPool2d, Linear, norm, ReLU, Sequential } from "@evenkeel/nn";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "../plain-batch-norm.reference.ts";
import { bottleneckRank } from "./bottleneck-rank.ts";
import { bottleneckPlot, spectrumPlot } from "./plots.ts";
import { activationSpectrum, convolutionSpectrum, type Spectrum } from "./spectrum.ts";

const x = random(1).normal([6, 3, 6, 6], { dtype: "float64" });
const conv = (inChannels: number, outChannels: number, seed: number): Conv2d =>
  new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, seed, dtype: "float64" });
const float32 = (t: Tensor): Tensor => cast(t, "float32");
const numbers = ({ height, width, count, values }: Spectrum) => ({
  shape: [height, width, count],
  data: values,
});
function expectSame(got: Spectrum, expected: Spectrum): void {
  expectClose("spectrum", numbers(got), numbers(expected), tolerances.reference);
}

describe("bottleneckRank", () => {
  test("finds the convolutions, also inside other modules, in the order in which they run", () => {
    const inner = new Sequential(conv(4, 5, 2), new ReLU());
    const [first, last] = [conv(3, 4, 1), conv(5, 2, 3)];
    const { layers } = bottleneckRank(new Sequential(first, inner, last), x);
    expect(layers.map(({ name }) => name)).toEqual(["0", "1.0", "2"]);
    const grid = { height: 6, width: 6 };
    expectSame(layers[0]!.weights, convolutionSpectrum(first.weight.value, grid));
    expectSame(layers[0]!.activations, activationSpectrum(first.forward(x)));
    expectSame(layers[2]!.weights, convolutionSpectrum(last.weight.value, grid));
  });

  test("is the smallest rank among the middle layers, beside their median", () => {
    const widths = [3, 6, 5, 2, 4, 6, 3, 5, 6];
    const convs = widths.slice(1).map((width, i) => conv(widths[i]!, width, i));
    const { layers, rank, medianRank } = bottleneckRank(new Sequential(...convs), x, {
      weightThreshold: 0,
    });
    // A random kernel lets all directions through: 36 frequencies times the smaller width.
    expect(layers.map(({ weightRanks }) => weightRanks.total / 36)).toEqual([
      3, 5, 2, 2, 4, 3, 3, 5,
    ]);
    expect([rank / 36, medianRank / 36]).toEqual([2, 2.5]);
  });

  test("of one convolution is that one's", () => {
    const { rank, medianRank, layers } = bottleneckRank(conv(3, 2, 1), x);
    expect(layers).toHaveLength(1);
    expect([rank, medianRank]).toEqual([layers[0]!.weightRanks.total, rank]);
  });

  test("puts the scale of a norm that follows into the kernel", () => {
    const layer = conv(3, 2, 1);
    const bn = norm(plainBatchNorm, { numFeatures: 2, eps: 0.25 }, { dtype: "float64" });
    bn.params["weight"]!.replace(tensor(Float64Array.of(3, -1)));
    bn.state["runningVar"]!.replace(tensor(Float64Array.of(2, 0)));
    const scaled = mul(
      layer.weight.value,
      tensor(Float64Array.of(3 / 1.5, -1 / 0.5), { shape: [2, 1, 1, 1] }),
    );
    const { layers } = bottleneckRank(new Sequential(layer, bn, new ReLU()), x);
    const [found] = layers;
    expectSame(found!.weights, convolutionSpectrum(scaled, { height: 6, width: 6 }));
    const squares = Array.from(scaled.data).reduce((sum, k) => sum + k * k, 0);
    expect(found!.frobeniusSquared).toBeCloseTo(squares, 10);
    expect(found!.operatorSquared).toBeCloseTo(36 * squares, 8);
    const apart = bottleneckRank(new Sequential(layer, new ReLU(), bn), x).layers[0]!;
    expectSame(apart.weights, convolutionSpectrum(layer.weight.value, { height: 6, width: 6 }));
  });

  test("looks at a strided convolution on the grid of its input", () => {
    const strided = new Conv2d({ inChannels: 3, outChannels: 2, kernelSize: 2, stride: 2 });
    const [layer] = bottleneckRank(strided, float32(x)).layers;
    expect([layer!.weights.height, layer!.activations.height]).toEqual([6, 3]);
  });

  test("refuses a model without convolutions", () => {
    const model = new Sequential(new GlobalAvgPool2d());
    expect(() => bottleneckRank(model, x)).toThrow(
      "bottleneckRank: expected a model with convolutions, got none that ran.",
    );
    expect(() => bottleneckRank(new Linear({ inFeatures: 6, outFeatures: 1 }), float32(x))).toThrow(
      "got none that ran",
    );
    expect(() => bottleneckRank(conv(3, 2, 1), x, { weightThreshold: -1 })).toThrow(
      "bottleneckRank weightThreshold: expected a number >= 0, got -1.",
    );
  });
});

describe("the plots", () => {
  const model = new Sequential(conv(3, 4, 1), conv(4, 2, 2));

  test("of ranks has two points per layer, and names beside the last", () => {
    const found = bottleneckRank(model, x);
    const { marks } = bottleneckPlot(found);
    expect(marks.map(({ mark }) => mark)).toEqual(["line", "dot", "text"]);
    expect(marks[2]!.data.map(({ of }) => of)).toEqual(["weights", "activations"]);
    expect(marks[0]!.data.map(({ rank }) => rank)).toEqual(
      found.layers.flatMap((l) => [l.weightRanks.total, l.activationRanks.total]),
    );
  });

  test("of a spectrum has the constant at 0, 0 and shares that add up to 1", () => {
    const { data } = spectrumPlot(activationSpectrum(x)).marks[0]!;
    expect(data[0]).toMatchObject({ vertical: 0, horizontal: 0 });
    expect(data.map(({ horizontal }) => horizontal).slice(0, 6)).toEqual([0, 1, 2, 3, -2, -1]);
    expect(data.reduce((sum, { share }) => sum + (share as number), 0)).toBeCloseTo(1, 12);
  });
});

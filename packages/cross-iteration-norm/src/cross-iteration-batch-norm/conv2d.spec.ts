import { add, grad, mean, mul, random, scope, square, sum, type Tensor } from "@evenkeel/autodiff";
import { Conv2d, type Conv2dOptions, conv2d, gradients, SGD } from "@evenkeel/nn";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { convolveAndTell } from "./conv2d.ts";
import { type CrossIterationConv2d, crossIterationConv2d } from "./cross-iteration-batch-norm.ts";

const f64 = { dtype: "float64" } as const;

function convolution(options: Partial<Conv2dOptions> = {}): Conv2d {
  const usual = { inChannels: 4, outChannels: 6, kernelSize: 3, padding: 1, bias: false };
  return new Conv2d({ ...usual, seed: 1, ...f64, ...options });
}

describe("convolveAndTell", () => {
  const x = random(1).normal([3, 4, 7, 6], { mean: 1, ...f64 });
  test.each([
    { groups: 1, stride: 1, padding: 1 },
    { groups: 2, stride: 2, padding: 0 },
    { groups: 1, stride: 2, padding: 1, dilation: 2 },
  ])("gives the derivatives of mean and mean square, at %o", (slide) => {
    const weight = random(2).normal([6, 4 / slide.groups, 3, 3], f64);
    const convolve = (input: Tensor, w: Tensor): Tensor => conv2d(input, w, slide);
    const slopes = { groups: slide.groups, slopes: true };
    const { output, condition } = convolveAndTell(convolve, x, weight, slopes);
    expectClose("output", output, convolve(x, weight), 0);

    const means = (f: (y: Tensor) => Tensor) => (w: Tensor) =>
      sum(mean(f(convolve(x, w)), { axes: [0, 2, 3] }));
    const byMean = grad(means((y) => y))(weight);
    const perFilter = [slide.groups, 6 / slide.groups, 4 / slide.groups, 3, 3];
    expectClose("meanSlope", spread(condition.meanSlope!, perFilter), byMean, tolerances.reference);
    const bySquare = grad(means(square))(weight);
    expectClose("squareSlope", condition.squareSlope!, bySquare, tolerances.reference);
  });
});

/** Each group's slope for each of its filters. */
function spread(t: Tensor, shape: readonly number[]) {
  const [groups, filters, ...filter] = shape as [number, number, ...number[]];
  const size = t.size / groups;
  const data = Float64Array.from({ length: t.size * filters }, (_, i) => {
    const group = Math.floor(i / (size * filters));
    return t.data[group * size + (i % size)]!;
  });
  return { shape: [groups * filters, ...filter], data };
}

describe("crossIterationConv2d", () => {
  const x = random(3).normal([4, 4, 5, 5], { mean: 2, ...f64 });

  /** The largest mean of a channel of the output, after the weight has moved under the same x. */
  function meanAfterMove(rho: number, groups: number): number {
    const layer = crossIterationConv2d(convolution({ groups }), { burnIn: 0, rho }, f64);
    layer.forward(x);
    const { weight } = layer.conv;
    weight.replace(add(weight.value, random(4).normal(weight.value.shape, f64)));
    const means = mean(layer.forward(x), { axes: [0, 2, 3] });
    return Math.max(...means.data.map(Math.abs));
  }

  test.each([1, 2])(
    "moves stored means exactly: they are linear in the weight (groups %d)",
    (n) => {
      expect(meanAfterMove(1, n)).toBeLessThan(1e-12);
      expect(meanAfterMove(0, n)).toBeGreaterThan(1e-2);
    },
  );

  test("has the state dict of both, window included", () => {
    const { weight, ...rest } = shapesOf(crossIterationConv2d(convolution({ groups: 2 })));
    expect(weight).toBeUndefined();
    expect(rest).toEqual({
      "conv.weight": [6, 2, 3, 3],
      "norm.weight": [6],
      "norm.bias": [6],
      "norm.running_mean": [6],
      "norm.running_var": [6],
      "norm.num_batches_tracked": [],
      "norm.pre_count": [],
      "norm.pre_mu": [3, 6],
      "norm.pre_var": [3, 6],
      "norm.pre_dmu_dw": [3, 2, 2, 3, 3],
      "norm.pre_dvar_dw": [3, 6, 2, 3, 3],
      "norm.pre_weight": [3, 6, 2, 3, 3],
    });
  });

  test("goes on from a saved state with the same bits, whatever the sizes of the batches", () => {
    const sizes = [
      [4, 4, 5, 5],
      [2, 4, 6, 3],
      [3, 4, 4, 4],
      [1, 4, 5, 5],
      [2, 4, 3, 3],
    ] as const;
    const batches = sizes.map((shape, i) => random(10 + i).normal(shape, f64));
    const [whole, first] = [trained(batches), trained(batches.slice(0, 3))];
    const second = crossIterationConv2d(convolution({ seed: 9 }), { burnIn: 1 }, f64);
    second.loadStateDict(first.stateDict());
    trained(batches.slice(3), second);
    const expected = whole.stateDict();
    for (const [name, t] of Object.entries(second.stateDict())) {
      expect(t.toArray(), name).toEqual(expected[name]!.toArray());
    }
  });

  test("evaluates by running statistics, each sample alone", () => {
    const layer = trained([x]).eval();
    const before = layer.stateDict();
    const one = random(5).normal([1, 4, 5, 5], f64);
    expect(layer.forward(one).shape).toEqual([1, 6, 5, 5]);
    expect(layer.stateDict()["norm.pre_mu"]!.toArray()).toEqual(before["norm.pre_mu"]!.toArray());
  });

  test("refuses a convolution with bias", () => {
    expect(() => crossIterationConv2d(convolution({ bias: true }))).toThrow(
      "crossIterationConv2d: expected a convolution without bias, whose change the norm could not follow, got one with bias. Pass bias: false; the norm has a bias of its own.",
    );
  });
});

function shapesOf(layer: CrossIterationConv2d): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(layer.stateDict()).map(([name, t]) => [name, t.shape]));
}

function trained(
  batches: readonly Tensor[],
  layer: CrossIterationConv2d = crossIterationConv2d(convolution(), { burnIn: 1 }, f64),
): CrossIterationConv2d {
  const optimizer = new SGD(layer, { lr: 0.1 });
  for (const x of batches) {
    scope(() => {
      const target = random(7).normal([1, 6, 1, 1], f64);
      optimizer.step(gradients(layer, () => mean(mul(square(layer.forward(x)), target))).grads);
    });
  }
  return layer;
}

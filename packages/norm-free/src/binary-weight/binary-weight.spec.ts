import { grad, mul, random, sum } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { expectClose, methodSuite, ndarray, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bnn-no-bn.json" with { type: "json" };
import { binaryWeightCase } from "./binary-weight.case.ts";
import { binaryWeightGradient } from "./binary-weight.reference.ts";
import {
  BinaryConv2d,
  BinaryStandardizedConv2d,
  binaryStandardizedWeight,
  binaryWeight,
} from "./binary-weight.ts";

describe("binaryWeight", () => {
  for (const { name, run } of methodSuite(binaryWeightCase, { golden: [golden] })) test(name, run);

  test("lets gradients straight through where the clip lets weights through", () => {
    const weight = random(1).normal([6, 4, 3, 3], { dtype: "float64" });
    const g = random(2).normal([6, 4, 3, 3], { dtype: "float64" });
    const got = grad((w: typeof weight) => sum(mul(binaryWeight(w), g)))(weight);
    const plain = (t: typeof weight): ReturnType<typeof ndarray> => ndarray(t.shape, t.data);
    expectClose("dW", got, binaryWeightGradient(plain(weight), plain(g)), tolerances.reference);
  });
});

describe("binary convolutions", () => {
  const options = { inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1, seed: 1 };
  const x = random(2).normal([2, 3, 5, 5]);

  test("start with weights in [0, 0.001), and without a bias", () => {
    for (const layer of [new BinaryConv2d(options), new BinaryStandardizedConv2d(options)]) {
      const { data } = layer.weight.value;
      expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...data)).toBeLessThan(0.001);
      expect(Math.max(...data)).toBeGreaterThan(0.0009);
      expect(layer.bias).toBeUndefined();
    }
  });

  test("convolve with binary weights", () => {
    const layer = new BinaryConv2d(options);
    const expected = conv2d(x, binaryWeight(layer.weight.value), { padding: 1 });
    expect(layer.forward(x).data).toEqual(expected.data);
  });

  test("convolve with the signs of standardized weights and a gain", () => {
    const layer = new BinaryStandardizedConv2d({ ...options, gamma: 2 });
    layer.gain.replace(random(3).normal([4]));
    const weight = binaryStandardizedWeight(layer.weight.value, layer.gain.value, { gamma: 2 });
    expect(layer.forward(x).data).toEqual(conv2d(x, weight, { padding: 1 }).data);
    // Two numbers per filter, however many weights it has.
    const kinds = Array.from(
      { length: 4 },
      (_, o) => new Set(weight.data.slice(o * 27, (o + 1) * 27).map(Math.abs)),
    );
    expect(kinds.map(({ size }) => size)).toEqual([1, 1, 1, 1]);
  });
});

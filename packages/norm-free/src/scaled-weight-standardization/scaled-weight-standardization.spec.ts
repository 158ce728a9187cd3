import { mean, random, square } from "@evenkeel/autodiff";
import { Conv2d, conv2d } from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bnn-no-bn.json" with { type: "json" };
import { scaledWeightStandardizationCase } from "./scaled-weight-standardization.case.ts";
import {
  ScaledStandardizedConv2d,
  scaledWeightStandardization,
} from "./scaled-weight-standardization.ts";

describe("scaledWeightStandardization", () => {
  const checks = methodSuite(scaledWeightStandardizationCase, { golden: [golden] });
  for (const { name, run } of checks) test(name, run);

  test("keeps the variance of a filter's input", () => {
    const weight = scaledWeightStandardization(random(1).normal([64, 32, 3, 3], { mean: 1 }));
    const y = conv2d(random(2).normal([4, 32, 8, 8]), weight);
    const power = mean(square(y)).item();
    expect(power).toBeGreaterThan(0.9);
    expect(power).toBeLessThan(1.1);
  });
});

describe("ScaledStandardizedConv2d", () => {
  const options = { inChannels: 3, outChannels: 4, kernelSize: 3, groups: 1, seed: 1 };
  const x = random(2).normal([2, 3, 5, 5]);

  test("convolves with scaled weights and a gain that is learned", () => {
    const layer = new ScaledStandardizedConv2d({ ...options, gamma: 2 });
    layer.gain.replace(random(3).normal([4]));
    const { weight, gain, bias } = layer;
    const scaled = scaledWeightStandardization(weight.value, gain.value, { gamma: 2 });
    const expected = conv2d(x, scaled, { bias: bias!.value });
    expect(layer.forward(x).data).toEqual(expected.data);
    expect([...layer.namedParameters().keys()].sort()).toEqual(["bias", "gain", "weight"]);
  });

  test("takes the weights of a convolution and starts with gain 1", () => {
    const layer = new ScaledStandardizedConv2d(options);
    const plain = new Conv2d(options).stateDict();
    expect(layer.loadStateDict(plain, { strict: false }).missing).toEqual(["gain"]);
    expect([...layer.gain.value.data]).toEqual([1, 1, 1, 1]);
  });

  test("refuses an eps below 0", () => {
    expect(() => new ScaledStandardizedConv2d({ ...options, eps: -1 })).toThrow(
      "ScaledStandardizedConv2d eps: expected a number >= 0, got -1.",
    );
  });
});

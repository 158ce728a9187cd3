import { random } from "@evenkeel/autodiff";
import { Conv2d, conv2d } from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/weight-standardization.json" with { type: "json" };
import { weightStandardizationCase } from "./weight-standardization.case.ts";
import { StandardizedConv2d, weightStandardization } from "./weight-standardization.ts";

describe("weightStandardization", () => {
  for (const { name, run } of methodSuite(weightStandardizationCase, { golden: [golden] })) {
    test(name, run);
  }
});

describe("StandardizedConv2d", () => {
  const options = { inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1, seed: 1 };
  const x = random(2).normal([2, 3, 5, 5]);

  test("convolves with standardized weights, and learns those behind them", () => {
    const layer = new StandardizedConv2d({ ...options, eps: 0.1 });
    const weight = weightStandardization(layer.weight.value, { eps: 0.1 });
    const expected = conv2d(x, weight, { padding: 1, bias: layer.bias!.value });
    expect(layer.forward(x).data).toEqual(expected.data);
  });

  test("has the names and first values of a convolution", () => {
    const [layer, plain] = [new StandardizedConv2d(options), new Conv2d(options)];
    layer.loadStateDict(plain.stateDict());
    expect(layer.stateDict()["weight"]!.data).toEqual(plain.weight.value.data);
  });

  test("refuses options that it does not know", () => {
    const wrong = { ...options, epsilon: 1 };
    expect(() => new StandardizedConv2d(wrong)).toThrow("Conv2d: expected options among");
    expect(() => new StandardizedConv2d({ ...options, eps: -1 })).toThrow(
      "StandardizedConv2d eps: expected a number >= 0, got -1.",
    );
  });
});

import { OptionError } from "@evenkeel/autodiff";
import { expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { fromKeras, type KerasOptions } from "./keras.ts";

describe("fromKeras", () => {
  test("turns Keras' defaults into PyTorch's words", () => {
    const { momentum, ...rest } = fromKeras();
    expect(momentum).toBeCloseTo(0.01, 15);
    expect(rest).toEqual({
      eps: 1e-3,
      affine: true,
      channelAxis: -1,
      unbiasedRunningVar: false,
    });
  });
  test("turns the weight of the old statistics into that of the new batch", () => {
    for (const [theirs, ours] of [
      [0.9, 0.1],
      [0.75, 0.25],
      [0, 1],
      [1, 0],
    ] as const) {
      expect(fromKeras({ momentum: theirs }).momentum).toBeCloseTo(ours, 15);
    }
  });
  test("passes on epsilon, the axis, and an affine that is wanted or not", () => {
    const options = { momentum: 0.5, epsilon: 0, axis: 1, center: false, scale: false };
    expect(fromKeras(options)).toEqual({
      momentum: 0.5,
      eps: 0,
      affine: false,
      channelAxis: 1,
      unbiasedRunningVar: false,
    });
  });

  const hint = "For only one of them take both and freeze weight at 1 or bias at 0.";
  const refused: Readonly<Record<string, readonly [KerasOptions, string]>> = {
    "center without scale": [
      { scale: false },
      "fromKeras: expected a momentum, and center and scale alike, " +
        `got {"momentum":0.99,"center":true,"scale":false}. ${hint}`,
    ],
    "scale without center": [
      { center: false },
      "fromKeras: expected a momentum, and center and scale alike, " +
        `got {"momentum":0.99,"center":false,"scale":true}. ${hint}`,
    ],
    "no momentum": [
      { momentum: null },
      "fromKeras: expected a momentum, and center and scale alike, " +
        `got {"momentum":null,"center":true,"scale":true}. ${hint}`,
    ],
    "our name for epsilon": [
      { eps: 1e-5 } as KerasOptions,
      'fromKeras: expected options among momentum, epsilon, center, scale, axis, got "eps".',
    ],
    "a momentum beyond 1": [
      { momentum: 99 },
      "fromKeras momentum: expected a number from 0 to 1, or null for a cumulative average, got 99.",
    ],
  };
  for (const [name, [options, message]] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expectRefusal(name, () => fromKeras(options), message);
      expect(() => fromKeras(options)).toThrow(OptionError);
    });
  }
});

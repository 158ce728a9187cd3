import { random, type Tensor, zeros } from "@evenkeel/autodiff";
import { expectClose, expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { stylePlanes } from "./style.ts";

describe("stylePlanes", () => {
  const options = { numFeatures: 3, channelAxis: 1 };
  const content = random(1).normal([2, 3, 4, 5]);
  const planes = (style?: Tensor, x: Tensor = content): unknown =>
    stylePlanes("example", x, style, options);

  test("lays out both, whatever their space", () => {
    const found = stylePlanes("example", content, zeros([2, 3, 7]), options);
    expect(found.content.layout).toEqual({ samples: 2, outer: 1, channels: 3, inner: 20 });
    expect(found.style.layout).toEqual({ samples: 2, outer: 1, channels: 3, inner: 7 });
    expectClose("content", found.content.restore(found.content.x), content, 0);
  });
  test("takes channels on any axis, in both alike", () => {
    const first = { numFeatures: 3, channelAxis: 0 };
    const found = stylePlanes("example", zeros([3, 2, 4]), zeros([3, 2, 7]), first);
    expect(found.content.layout.samples).toBe(2);
    expect(found.style.x.shape).toEqual([2, 3, 7]);
    expect(found.style.restore(found.style.x).shape).toEqual([3, 2, 7]);
  });
  for (const [name, run, message] of [
    [
      "no style",
      () => planes(),
      "example style: expected a tensor with the samples and channels of x, [2, 3, 4, 5], got none. Pass it in the condition.",
    ],
    [
      "a style of other samples",
      () => planes(zeros([1, 3, 7])),
      "example style: expected 2 samples, as in x, got 1. Repeat the style for each sample, or give one each.",
    ],
    [
      "a style of other channels",
      () => planes(zeros([2, 4, 7])),
      "example style: expected x with 3 channels on axis 1, got shape [2, 4, 7]. Set the number of channels to that of x.",
    ],
    [
      "one position",
      () => planes(zeros([2, 3, 7]), zeros([2, 3])),
      "example: expected more than one value for each statistic, got shape [2, 3]. It needs more than one position.",
    ],
  ] as const) {
    test(`refuses ${name}`, () => expectRefusal(name, run, message));
  }
});

import { add, ones, sum, tensor, zeros } from "@evenkeel/autodiff";
import { checkGradients, opSuite } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { crossEntropy, mse } from "./losses.ts";
import {
  crossEntropyOfIdsCase,
  crossEntropyOfProbabilitiesCase,
} from "./ops/cross-entropy.case.ts";

const logits = tensor(
  [
    [0.3, -1, 2],
    [1.5, 0.2, -0.7],
  ],
  { dtype: "float64" },
);

describe("crossEntropy", () => {
  const suites = [opSuite(crossEntropyOfIdsCase), opSuite(crossEntropyOfProbabilitiesCase)];
  for (const { name, run } of suites.flat()) it(name, run);

  it("takes ids in an Int32Array", () => {
    expect(crossEntropy(logits, Int32Array.of(2, 0)).item()).toBe(
      crossEntropy(logits, [2, 0]).item(),
    );
  });

  it("names the wrong id, the wrong count and the wrong shape", () => {
    expect(() => crossEntropy(logits, [2, 3])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: crossEntropy: expected class ids from 0 to 2, got 3 at position 1.]`,
    );
    expect(() => crossEntropy(logits, [2])).toThrow("expected 2 class ids, one per sample, got 1.");
    expect(() => crossEntropy(logits, ones([3], { dtype: "float64" }))).toThrow(
      "expected a target of shape [2, 3], got [3].",
    );
    expect(() => crossEntropy(ones([3]), [0])).toThrow(
      "expected logits of shape [samples, classes]",
    );
    expect(() => crossEntropy(logits, [2, 0], { labelSmoothing: 2 })).toThrow("from 0 to 1");
    expect(() => crossEntropy(logits, [2, 0], { labelsmoothing: 0.1 } as object)).toThrow(
      "Did you mean labelSmoothing?",
    );
  });
});

describe("mse", () => {
  it("is the mean of squares, their sum, or each of them", () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([1, 4, 2])];
    expect(mse(a, b).item()).toBeCloseTo(5 / 3, 6);
    expect(mse(a, b, { reduction: "sum" }).item()).toBe(5);
    expect([...mse(a, b, { reduction: "none" }).data]).toEqual([0, 4, 1]);
    checkGradients(({ x, y }) => mse(x, y), { x: logits, y: add(logits, 1) }, { order: 2 });
  });

  it("does not broadcast [n, 1] against [n]", () => {
    expect(() => mse(zeros([4, 1]), zeros([4]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: mse: expected a target of shape [4, 1], got [4].]`,
    );
    expect(sum(mse(zeros([4]), zeros([4]))).item()).toBe(0);
  });
});

import { add, ones, sum, type Tensor, tensor, valueAndGrad, zeros } from "@evenkeel/autodiff";
import { checkGradients } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { crossEntropy, mse } from "./losses.ts";

const logits = tensor(
  [
    [0.3, -1, 2],
    [1.5, 0.2, -0.7],
  ],
  { dtype: "float64" },
);

describe("crossEntropy", () => {
  it("has right derivatives of orders 1 and 2 for ids and for probabilities", () => {
    checkGradients((z) => crossEntropy(z, [2, 0], { labelSmoothing: 0.1 }), logits, { order: 2 });
    const target = tensor(
      [
        [0.2, 0.3, 0.5],
        [1, 0, 0],
      ],
      { dtype: "float64" },
    );
    checkGradients(
      ({ z, t }) => crossEntropy(z, t, { reduction: "none" }),
      { z: logits, t: target },
      {
        order: 2,
      },
    );
  });

  it("takes ids in an Int32Array", () => {
    expect(crossEntropy(logits, Int32Array.of(2, 0)).item()).toBe(
      crossEntropy(logits, [2, 0]).item(),
    );
  });

  it("of huge logits is finite, and so is its gradient", () => {
    const z = tensor([[1e4, -1e4, 0]]);
    const { value, grads } = valueAndGrad((x: Tensor) => crossEntropy(x, [1]))(z);
    expect(value.item()).toBe(2e4);
    expect([...grads.data]).toEqual([1, -1, 0]);
  });

  it("ignores a class ruled out by a logit of -Infinity", () => {
    const { value, grads } = valueAndGrad((x: Tensor) => crossEntropy(x, [0]))(
      tensor([[0, -Infinity, 0]]),
    );
    expect(value.item()).toBeCloseTo(Math.log(2), 6);
    expect([...grads.data]).toEqual([-0.5, 0, 0.5]);
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

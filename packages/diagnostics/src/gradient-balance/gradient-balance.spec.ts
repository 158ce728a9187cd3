import { matmul, mul, random, square, sub, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { crossEntropy, Linear, norm, Sequential } from "@evenkeel/nn";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "../plain-batch-norm.reference.ts";
import { balancePlot, gradientBalance } from "./gradient-balance.ts";

const float64 = { dtype: "float64" } as const;
const x = random(1).normal([5, 3], float64);
const model = new Linear({ inFeatures: 3, outFeatures: 4, seed: 2, dtype: "float64" });
const labels = [3, 0, 3, 3, 0];
const losses = (): Tensor => crossEntropy(model.forward(x), labels, { reduction: "none" });

describe("gradientBalance", () => {
  test("is the length of each class's gradient, from softmax − target by hand", () => {
    const logits = matmul(x, transposed(model.weight.value)).data;
    const bias = model.bias!.value.data;
    const found = gradientBalance(model, labels, losses);
    expect(found.classes).toEqual(Int32Array.of(0, 3));
    expect(found.counts).toEqual(Int32Array.of(2, 3));
    const expected = [0, 3].map((k) => {
      const gradient = new Float64Array(4 * 4);
      const samples = labels.flatMap((label, n) => (label === k ? [n] : []));
      for (const n of samples) {
        const scores = Array.from({ length: 4 }, (_, j) => logits[4 * n + j]! + bias[j]!);
        const total = scores.reduce((all, s) => all + Math.exp(s), 0);
        scores.forEach((s, j) => {
          const error = (Math.exp(s) / total - (j === k ? 1 : 0)) / samples.length;
          for (let i = 0; i < 3; i++) gradient[4 * j + i]! += error * x.data[3 * n + i]!;
          gradient[4 * j + 3]! += error;
        });
      }
      return Math.hypot(...gradient);
    });
    const numbers = (data: ArrayLike<number>) => ({ shape: [2], data });
    expectClose("norms", numbers(found.norms), numbers(expected), tolerances.reference);
    const [weight, bias0] = found.parameters;
    expect([weight!.name, bias0!.name]).toEqual(["weight", "bias"]);
    expect(Math.hypot(weight!.norms[1]!, bias0!.norms[1]!)).toBeCloseTo(found.norms[1]!, 12);
  });

  test("balance is 1 for equal gradients, 1 / classes for one class alone", () => {
    const scale = (factors: readonly number[]) => (): Tensor => {
      const each = square(sub(sum(model.weight.value), 9));
      return mul(tensor(Float64Array.from(factors)), each);
    };
    const of = (...factors: number[]): number =>
      gradientBalance(model, [0, 1, 2], scale(factors)).balance;
    expect(of(1, 1, 1)).toBeCloseTo(1, 12);
    expect(of(1, 0, 0)).toBeCloseTo(1 / 3, 12);
    expect(of(0, 0, 0)).toBe(0);
  });

  test("takes each class through the whole batch, and leaves running statistics alone", () => {
    const bn = norm(plainBatchNorm, { numFeatures: 3 }, float64);
    const inside = new Sequential(bn, model);
    let seen = 0;
    const before = inside.stateDict();
    gradientBalance(inside, labels, () => {
      seen++;
      return crossEntropy(inside.forward(x), labels, { reduction: "none" });
    });
    expect(seen).toBe(2);
    for (const [name, t] of Object.entries(inside.stateDict())) {
      expect(t.data, name).toEqual(before[name]!.data);
    }
  });

  test("refuses a loss that is not one per sample, and labels that are no ids", () => {
    expect(() => gradientBalance(model, labels, () => sum(losses()))).toThrow(
      'gradientBalance losses: expected shape [5], a loss per sample, got []. Pass { reduction: "none" } to the loss.',
    );
    expect(() => gradientBalance(model, [], losses)).toThrow(
      "gradientBalance labels: expected a class id per sample, got none.",
    );
    expect(() => gradientBalance(model, [0, 0.5], losses)).toThrow(
      "gradientBalance labels: expected whole numbers, got 0.5.",
    );
  });

  test("has a plot with a bar per class", () => {
    const found = gradientBalance(model, labels, losses);
    expect(balancePlot(found).marks[0]!.data).toEqual([
      { class: 0, norm: found.norms[0] },
      { class: 3, norm: found.norms[1] },
    ]);
  });
});

function transposed(w: Tensor): Tensor {
  const [rows, columns] = w.shape as readonly [number, number];
  const data = Float64Array.from({ length: w.size }, (_, i) => {
    return w.data[(i % rows) * columns + Math.floor(i / rows)]!;
  });
  return tensor(data, { shape: [columns, rows] });
}

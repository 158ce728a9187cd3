import { concat, mul, random, tensor, zeros } from "@evenkeel/autodiff";
import { Conv2d, norm, ReLU, Sequential } from "@evenkeel/nn";
import { expectClose, forAll, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "../plain-batch-norm.reference.ts";
import {
  condensationPlot,
  featureCondensation,
  layerCondensations,
} from "./feature-condensation.ts";

const numbers = (...data: number[]) => ({ shape: [data.length], data });

describe("featureCondensation", () => {
  test("is the mean cosine, whose sum is that of the sum of directions", () => {
    const samples = fc.record({ n: fc.integer({ min: 2, max: 6 }), seed: fc.nat() });
    forAll(samples, ({ n, seed }) => {
      const x = random(seed).normal([n, 3, 2], { mean: 0.5, dtype: "float64" });
      // ‖Σ f‖² holds every ordered pair, and n ones.
      const sums = new Float64Array(6);
      for (let i = 0; i < n; i++) {
        const own = x.data.slice(6 * i, 6 * i + 6);
        const length = Math.hypot(...own);
        own.forEach((v, j) => {
          sums[j]! += v / length;
        });
      }
      const square = sums.reduce((total, s) => total + s * s, 0);
      const { similarity, cosines } = featureCondensation(x);
      expect(cosines).toHaveLength((n * (n - 1)) / 2);
      const expected = numbers((square - n) / (n * (n - 1)));
      expectClose("similarity", numbers(similarity), expected, tolerances.reference);
    });
  });

  test("is 1 for features that differ in length alone, −1 for opposite ones, 0 for right angles", () => {
    const x = random(1).normal([1, 4, 3, 3], { dtype: "float64" });
    const of = (...factors: number[]): number =>
      featureCondensation(
        concat(
          factors.map((f) => mul(x, f)),
          0,
        ),
      ).similarity;
    expect(of(1, 2, 1e-6)).toBeCloseTo(1, 12);
    expect(of(1, -3)).toBeCloseTo(-1, 12);
    expect(
      featureCondensation(
        tensor([
          [1, 0],
          [0, 5],
        ]),
      ).similarity,
    ).toBe(0);
  });

  test("of features without a length is 0", () => {
    expect(featureCondensation(zeros([3, 4])).similarity).toBe(0);
  });

  test("needs two samples", () => {
    expect(() => featureCondensation(zeros([1, 4]))).toThrow(
      "featureCondensation: expected x of at least two samples, with elements, got shape [1, 4].",
    );
    expect(() => featureCondensation(zeros([2, 0]))).toThrow("got shape [2, 0].");
  });
});

describe("layerCondensations", () => {
  const conv = new Conv2d({ inChannels: 3, outChannels: 2, kernelSize: 3, seed: 1 });
  const model = new Sequential(conv, norm(plainBatchNorm, { numFeatures: 2 }), new ReLU());
  const x = random(1).normal([5, 3, 6, 6], { mean: 1 });

  test("looks at what enters each norm", () => {
    const expected = featureCondensation(conv.forward(x));
    expect(layerCondensations(model, x)).toEqual([{ layer: "1", ...expected }]);
  });

  test("has a plot with a point and a range per norm", () => {
    const layers = layerCondensations(model, x);
    const { marks } = condensationPlot(layers);
    const [row] = marks[0]!.data as [Record<"low" | "similarity" | "high", number>];
    expect(row).toMatchObject({ layer: "1", similarity: layers[0]!.similarity });
    expect(row.low).toBeLessThan(row.similarity);
    expect(row.high).toBeGreaterThan(row.similarity);
  });
});

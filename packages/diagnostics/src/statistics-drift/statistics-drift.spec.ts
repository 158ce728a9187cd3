import { add, mul, ones, random, transpose } from "@evenkeel/autodiff";
import { Identity, norm, ReLU, Sequential } from "@evenkeel/nn";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "../plain-batch-norm.reference.ts";
import { driftPlot, layerDrifts, statisticsDrift } from "./statistics-drift.ts";

const x = random(1).normal([6, 2, 3, 3], { mean: 2, std: 3, dtype: "float64" });

/** Count, mean and Σ (v − mean)² of a channel, by the definitions. */
function momentsOf(channel: number): { n: number; mean: number; m2: number } {
  const values = Array.from(x.data).filter((_, i) => Math.floor(i / 9) % 2 === channel);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { n: 54, mean, m2: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) };
}
const numbers = (data: ArrayLike<number>) => ({ shape: [data.length], data });
const [first, second] = [momentsOf(0), momentsOf(1)];
const own = { mean: [first.mean, second.mean], variance: [first.m2 / 53, second.m2 / 53] };

describe("statisticsDrift", () => {
  test("is 0 from the batch's own statistics", () => {
    const { meanShift, logVarianceRatio, divergence, meanDivergence } = statisticsDrift(x, own);
    for (const list of [meanShift, logVarianceRatio, divergence]) {
      expectClose("drift", numbers(list), numbers([0, 0]), tolerances.reference);
    }
    expect(meanDivergence).toBeLessThan(tolerances.reference);
  });

  test("follows the formulas, with both variances unbiased or biased", () => {
    const [mean, variance, eps] = [[0, 1], [4, 0.5], 0.1];
    for (const [unbiased, n] of [
      [true, 53],
      [false, 54],
    ] as const) {
      const got = statisticsDrift(x, { mean, variance, eps, unbiased });
      const shift = [first, second].map(
        (m, c) => (m.mean - mean[c]!) / Math.sqrt(variance[c]! + eps),
      );
      const ratio = [first, second].map((m, c) => (m.m2 / n + eps) / (variance[c]! + eps));
      const kl = shift.map((s, c) => (s * s + ratio[c]! - 1 - Math.log(ratio[c]!)) / 2);
      for (const [name, list, expected] of [
        ["shift", got.meanShift, shift],
        ["ratio", got.logVarianceRatio, ratio.map(Math.log)],
        ["divergence", got.divergence, kl],
      ] as const) {
        expectClose(name, numbers(list), numbers(expected), tolerances.reference);
      }
      expect(got.meanDivergence).toBeCloseTo((kl[0]! + kl[1]!) / 2, 10);
    }
  });

  test("reads any channel axis", () => {
    const last = statisticsDrift(transpose(x, [0, 2, 3, 1]), { ...own, channelAxis: -1 });
    expect(last.meanDivergence).toBeLessThan(tolerances.reference);
  });

  test("refuses what does not fit, and one value per channel", () => {
    expect(() => statisticsDrift(x, { ...own, variance: [1] })).toThrow(
      "statisticsDrift: expected a variance for each of 2 means, got 1.",
    );
    expect(() => statisticsDrift(ones([4, 3]), own)).toThrow("x with 2 channels on axis 1");
    expect(() => statisticsDrift(ones([1, 2]), own)).toThrow(
      "statisticsDrift: expected more than one value for each statistic, got shape [1, 2]. Use a larger batch.",
    );
  });
});

describe("layerDrifts", () => {
  const model = new Sequential(
    new Identity(),
    norm(plainBatchNorm, { numFeatures: 2, momentum: 1 }, { dtype: "float64" }),
    new ReLU(),
    norm(plainBatchNorm, { numFeatures: 2, trackRunningStats: false }, { dtype: "float64" }),
  );

  test("finds nothing where the running statistics are the batch's", () => {
    model.train().forward(x);
    const drifts = layerDrifts(model, x);
    expect(drifts.map(({ layer }) => layer)).toEqual(["1"]);
    expect(drifts[0]!.meanDivergence).toBeLessThan(tolerances.reference);
  });

  test("sees a batch that is shifted and spread, in deviations of the running statistics", () => {
    model.train().forward(x);
    const [drift] = layerDrifts(model.eval(), add(mul(x, 2), 1));
    expect(Array.from(drift!.logVarianceRatio)).toEqual([
      expect.closeTo(Math.log(4), 4),
      expect.closeTo(Math.log(4), 4),
    ]);
    const shift = (own.mean[0]! + 1) / Math.sqrt(own.variance[0]!);
    expect(drift!.meanShift[0]).toBeCloseTo(shift, 4);
  });

  test("has a plot with a dot per channel and a line through the means", () => {
    const drifts = layerDrifts(model, x);
    const [dots, line] = driftPlot(drifts).marks;
    expect(dots!.data).toHaveLength(2 * drifts.length);
    expect(line!.data.map(({ divergence }) => divergence)).toEqual(
      drifts.map(({ meanDivergence }) => meanDivergence),
    );
  });
});

import { random, type Tensor, zeros } from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { calibratedMap, centeredPlanes } from "./calibration.ts";
import { standardMap } from "./rules.ts";

const draw = (seed: number, shape = [2, 3]): Tensor =>
  random(seed).uniform(shape, { low: 0.5, high: 2, dtype: "float64" });
const planes = { count: 4, mean: draw(1), m2: draw(2) };
const statistics = { mean: draw(3, [1, 3]), variance: draw(4, [1, 3]) };
const affine = { weight: draw(5, [3]), bias: draw(6, [3]) };

describe("calibratedMap", () => {
  test("is the standard map where nothing is calibrated", () => {
    const expected = standardMap(statistics.mean, statistics.variance, 1e-5, affine);
    const got = calibratedMap(statistics, 1e-5, affine, planes);
    for (const part of ["center", "scale", "shift"] as const) {
      expect([...got[part].data]).toEqual([...expected[part].data]);
    }
  });

  test("gates by half where the gate's weight and bias are 0", () => {
    const none = zeros([3], { dtype: "float64" });
    const gate = { scaleWeight: none, scaleBias: none };
    const half = calibratedMap(statistics, 1e-5, { ...affine, ...gate }, planes).scale;
    const { scale } = standardMap(statistics.mean, statistics.variance, 1e-5, affine);
    half.data.forEach((v, i) => void expect(v).toBeCloseTo(scale.data[i % 3]! / 2, 14));
  });

  test("sends each plane's mean to where centering puts it", () => {
    const calibration = { centerWeight: draw(7, [3]) };
    const { center, scale, shift } = calibratedMap(statistics, 1e-5, calibration, planes);
    const { mean, m2 } = centeredPlanes(planes, calibration);
    expect(m2).toBe(planes.m2);
    const expected = mean.data.map((m, i) => {
      const c = i % 3;
      const deviation = Math.sqrt(statistics.variance.data[c]! + 1e-5);
      return (m - statistics.mean.data[c]!) / deviation;
    });
    const got = planes.mean.data.map(
      (v, i) => (v - center.data[i]!) * scale.data[i % 3]! + shift.data[i % 3]!,
    );
    const shape = planes.mean.shape;
    expectClose(
      "mapped mean",
      { shape, data: Float64Array.from(got) },
      { shape, data: Float64Array.from(expected) },
      tolerances.reference,
    );
  });
});

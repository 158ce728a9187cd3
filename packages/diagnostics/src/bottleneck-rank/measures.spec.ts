import { matmul, mul, ones, random, reshape, tensor } from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { jacobianValues, logPseudoDeterminant } from "./jacobian.ts";
import {
  effectiveRanks,
  frequencyEnergies,
  frequencyRanks,
  largestValue,
  participationRatio,
} from "./measures.ts";
import type { Spectrum } from "./spectrum.ts";

const spectrum: Spectrum = {
  height: 1,
  width: 3,
  count: 2,
  values: Float64Array.of(2, 2, 1, 0, 0, 0),
};

describe("measures of a spectrum", () => {
  test("ranks count what is above the threshold, not what equals it", () => {
    expect(frequencyRanks(spectrum, 0)).toEqual({
      perFrequency: Int32Array.of(2, 1, 0),
      total: 3,
      activeFrequencies: 2,
    });
    expect(frequencyRanks(spectrum, 1).total).toBe(2);
    expect(largestValue(spectrum)).toBe(2);
  });

  test("effective ranks are n for n equal values, and 0 without any", () => {
    const got = { shape: [3], data: effectiveRanks(spectrum) };
    expectClose("effective ranks", got, { shape: [3], data: [2, 1, 0] }, tolerances.reference);
  });

  test("energies are sums of squares; the participation ratio counts equal ones", () => {
    expect(frequencyEnergies(spectrum)).toEqual(Float64Array.of(8, 1, 0));
    expect(participationRatio(spectrum)).toBeCloseTo(81 / 33, 12);
    const zeros = { ...spectrum, values: new Float64Array(6) };
    expect([participationRatio(zeros), largestValue(zeros)]).toEqual([0, 0]);
  });

  test("a threshold below 0 or NaN is refused", () => {
    for (const threshold of [-1, Number.NaN]) {
      expect(() => frequencyRanks(spectrum, threshold)).toThrow(
        `frequencyRanks threshold: expected a number >= 0, got ${threshold}.`,
      );
    }
  });
});

describe("jacobianValues", () => {
  test("of a linear map are its singular values, whatever the point", () => {
    const a = tensor(Float64Array.of(3, 4, 0, 0, 0, 2), { shape: [2, 3] });
    const x = random(1).normal([3], { dtype: "float64" });
    const values = jacobianValues((t) => matmul(a, reshape(t, [3, 1])), x);
    const expected = { shape: [2], data: [5, 2] };
    expectClose("values", { shape: [2], data: values }, expected, tolerances.reference);
    expect(logPseudoDeterminant(values, 1e-9)).toBeCloseTo(Math.log(10), 12);
    expect(logPseudoDeterminant(values, 3)).toBeCloseTo(Math.log(5), 12);
  });

  test("of the square are twice the point's sizes", () => {
    const x = tensor(Float64Array.of(1, -3, 2));
    expect(Array.from(jacobianValues((t) => mul(t, t), x))).toEqual([6, 4, 2]);
  });

  test("of float32 functions work, too", () => {
    expect(Array.from(jacobianValues((t) => mul(2, t), ones([3])))).toEqual([2, 2, 2]);
  });
});

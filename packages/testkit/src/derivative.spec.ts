import { describe, expect, test } from "vitest";
import { derivative } from "./derivative.ts";

const trust = (limit: number) => (): number => limit;

describe("derivative", () => {
  test("of smooth functions is right to eleven digits at the first step", () => {
    for (const [f, expected] of [
      [(s: number) => Math.sin(2 * s), 2],
      [(s: number) => Math.exp(s - 1), Math.exp(-1)],
      [(s: number) => 1 / (1.5 + s), -1 / 2.25],
    ] as const) {
      const found = derivative(f, trust(1e-8));
      expect(Math.abs(found.value - expected)).toBeLessThan(1e-11);
      expect(found.step).toBe(2 ** -7);
    }
  });
  test("takes smaller steps where the function bends sharply", () => {
    const found = derivative((s) => Math.tanh(300 * s), trust(1e-4));
    expect(found.step).toBeLessThan(2 ** -9);
    expect(found.value).toBeCloseTo(300, 6);
  });
  test("takes smaller steps until a kink nearby is out of reach", () => {
    const found = derivative((s) => Math.abs(s - 0.004), trust(1e-8));
    expect(found.value).toBeCloseTo(-1, 10);
    expect(found.doubt).toBeLessThan(1e-8);
  });
  test("doubts a kink at the point itself, which central differences alone would not see", () => {
    const found = derivative(Math.abs, trust(1e-8));
    expect(found).toMatchObject({ value: 0, left: -1, right: 1 });
    expect(found.doubt).toBeGreaterThan(0.5);
  });
  test("doubts jumps and NaN", () => {
    expect(derivative(Math.sign, trust(1e-8)).doubt).toBeGreaterThan(1);
    expect(derivative((s) => (s < 0 ? Number.NaN : s), trust(1e-8)).doubt).toBeNaN();
  });
});

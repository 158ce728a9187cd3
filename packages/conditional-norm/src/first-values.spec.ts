import { matmul, random, sub, type Tensor, transpose } from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { orthogonal, xavierUniform } from "./first-values.ts";

const largest = (t: Tensor): number => Math.max(...t.data.map(Math.abs));

describe("orthogonal", () => {
  for (const shape of [
    [4, 9],
    [9, 4],
    [6, 6],
    [1, 3],
    [3, 1],
  ] as const) {
    test(`[${shape}] has orthonormal rows or columns`, () => {
      const w = orthogonal(shape, random(1), "float64");
      expect(w.shape).toEqual(shape);
      const across = shape[0] <= shape[1] ? matmul(w, transpose(w)) : matmul(transpose(w), w);
      const n = Math.min(...shape);
      across.data.forEach((v, i) => {
        expect(v).toBeCloseTo(Math.floor(i / n) === i % n ? 1 : 0, 12);
      });
    });
  }
  test("differs from draw to draw, not from run to run", () => {
    const stream = random(2);
    const [a, b] = [orthogonal([3, 5], stream, "float32"), orthogonal([3, 5], stream, "float32")];
    expect(a.dtype).toBe("float32");
    expect(largest(sub(a, b))).toBeGreaterThan(0.1);
    expect(orthogonal([3, 5], random(2), "float32").data).toEqual(a.data);
  });
});

test("xavierUniform fills ±√(6 / (in + out))", () => {
  const w = xavierUniform([30, 20], random(3), "float64");
  const bound = Math.sqrt(6 / 50);
  expect(largest(w)).toBeLessThanOrEqual(bound);
  expect(largest(w)).toBeGreaterThan(0.98 * bound);
  expect(Math.min(...w.data)).toBeLessThan(-0.98 * bound);
});

import { cpu, matmul, random, useBackend } from "@evenkeel/autodiff";
import { expectClose, forAll, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { wasm } from "./index.ts";

function expectSame(left: readonly number[], right: readonly number[]): void {
  const product = () => {
    const stream = random(1);
    // Not centered, so that sums do not cancel and the largest entry is a fair measure.
    const range = { low: -0.5, high: 1 };
    return matmul(stream.uniform(left, range), stream.uniform(right, range));
  };
  useBackend(cpu);
  const plain = product();
  const backend = wasm();
  useBackend(backend);
  expectClose("matmul", product(), plain, tolerances.backends["wasm"]!.output);
  expect(backend.fallbacks.has("matmul")).toBe(false);
}

describe("matmul in wasm", () => {
  afterEach(() => useBackend(cpu));

  it("equals the plain kernel for any sizes, whole tiles or not", () => {
    const size = fc.integer({ min: 0, max: 37 });
    forAll(fc.tuple(size, size, size), ([m, k, n]) => expectSame([m, k], [k, n]));
  });

  it("equals the plain kernel beyond one block of rows, of columns and of the inner length", () => {
    expectSame([261, 5], [5, 10]);
    expectSame([6, 5], [5, 1037]);
    expectSame([6, 1029], [1029, 10]);
    expectSame([259, 515], [515, 1027]);
  });

  it("multiplies batches by one matrix or each by its own", () => {
    expectSame([3, 5, 7], [7, 9]);
    expectSame([3, 5, 7], [3, 7, 9]);
  });
});

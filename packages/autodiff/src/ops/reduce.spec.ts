import { opSuite } from "@evenkeel/testkit";
import { reductionCases, softmaxCases } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

for (const op of reductionCases) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}
for (const op of softmaxCases) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}

describe("reductions by default", () => {
  const x = ad.tensor([
    [1, 2],
    [3, 5],
  ]);
  test("take all axes and drop them", () => {
    const results = [ad.sum(x), ad.mean(x), ad.max(x), ad.min(x)];
    expect(results.map((y) => [y.shape, y.item()])).toEqual([
      [[], 11],
      [[], 2.75],
      [[], 5],
      [[], 1],
    ]);
  });
  test("take one axis as a number, and none as an empty list", () => {
    expect(ad.sum(x, { axes: -1 }).toArray()).toEqual([3, 8]);
    expect(ad.sum(x, { axes: [] }).toArray()).toEqual(x.toArray());
  });
  test("softmax and logSoftmax take the last axis", () => {
    expect(ad.softmax(ad.zeros([1, 2])).toArray()).toEqual([[0.5, 0.5]]);
    expect(ad.logSoftmax(ad.zeros([2, 1])).toArray()).toEqual([[0], [0]]);
  });
  test("float32 sums are accumulated in float64", () => {
    const many = ad.full([1_000_000], 0.1);
    expect(ad.sum(many).item()).toBe(Math.fround(1_000_000 * Math.fround(0.1)));
  });
});

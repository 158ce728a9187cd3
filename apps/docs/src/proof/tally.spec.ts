import type { GradientFigures } from "@evenkeel/testkit";
import { expect, test } from "vitest";
import { addGradients, addReference, emptyTally, figure, verdictOf } from "./tally.ts";

const figures = (
  order: 1 | 2 | 3,
  relativeError: number,
  verdict: GradientFigures["verdict"] = "right",
): GradientFigures => ({
  order,
  analytic: 1,
  numeric: 1,
  relativeError,
  tolerance: 10 ** (order - 8),
  step: 1,
  verdict,
});

test("each promise keeps the largest error of its calls", () => {
  let tally = emptyTally();
  tally = addReference(tally, { error: 1e-16, tolerance: 1e-10 });
  tally = addReference(tally, { error: 0, tolerance: 1e-10 });
  tally = addGradients(tally, [figures(1, 1e-12), figures(2, 1e-13), figures(3, 0)]);
  tally = addGradients(tally, [figures(1, 1e-14), figures(2, 1e-11), figures(3, 0)]);
  expect(tally.reference).toMatchObject({ error: 1e-16, tolerance: 1e-10, checked: 2 });
  expect(tally.orders.map(({ error }) => error)).toEqual([1e-12, 1e-11, 0]);
  expect(verdictOf(tally.reference, 2)).toBe("✓ holds");
});

test("nothing holds before every call was checked", () => {
  const tally = addReference(emptyTally(), { error: 0, tolerance: 1 });
  expect(verdictOf(tally.reference, 2)).toBe("");
  expect(verdictOf(emptyTally().reference, 0)).toBe("");
});

test("an error above the tolerance is wrong, at once and for good", () => {
  let tally = addReference(emptyTally(1), { error: 1e-9, tolerance: 1e-10 });
  tally = addReference(tally, { error: 0, tolerance: 1e-10 });
  tally = addGradients(tally, [figures(1, 1e-3, "wrong")]);
  tally = addGradients(tally, [figures(1, 0, "not reproducible")]);
  expect(verdictOf(tally.reference, 9)).toBe("✗ wrong in 1 of 2 calls");
  expect(verdictOf(tally.orders[0]!, 9)).toBe("✗ wrong in 2 of 2 calls");
});

test("a call at a kink is named and its error left out", () => {
  let tally = addGradients(emptyTally(1), [figures(1, 0.7, "not smooth")]);
  expect(tally.orders[0]!.error).toBeUndefined();
  tally = addGradients(tally, [figures(1, 1e-13)]);
  expect(tally.orders[0]!.error).toBe(1e-13);
  expect(verdictOf(tally.orders[0]!, 2)).toBe("✓ holds; one call is at a kink");
});

test("there are as many orders as the case promises", () => {
  expect(emptyTally(0).orders).toEqual([]);
  expect(emptyTally(2).orders).toHaveLength(2);
});

test("figures are short, and dots until they are known", () => {
  expect([undefined, 0, 3.14e-14, Number.POSITIVE_INFINITY].map(figure)).toEqual([
    "…",
    "0",
    "3.1e-14",
    "Infinity",
  ]);
});

import { expect, test } from "vitest";
import { relativeError } from "./case.ts";

test("a missing, short or NaN array is no agreement", () => {
  const right = { y: [1, 2] };
  expect(relativeError({}, right)).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError({ y: [1] }, right)).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError({ y: [1, Number.NaN] }, right)).toBeNaN();
  expect(relativeError({ y: [1, 2.5] }, right)).toBe(0.25);
});

test("each array is measured by its own largest value, unless that is nearly nothing", () => {
  const right = { large: [1000], small: [10], rounding: [1e-12] };
  expect(relativeError({ ...right, small: [15] }, right)).toBe(0.5);
  expect(relativeError({ ...right, rounding: [1e-6] }, right)).toBeCloseTo(1e-6);
});

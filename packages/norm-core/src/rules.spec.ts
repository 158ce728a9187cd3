import { grad, leaves, random, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { checkGradients, expectClose, ndarray, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { affineOf, initAffine, safeSqrt, standardMap } from "./rules.ts";

const f64 = (data: readonly number[]): Tensor => tensor(data, { dtype: "float64" });

describe("standardMap", () => {
  const at = { mean: f64([1, 2]), variance: f64([3, 0.5]), weight: f64([2, 3]), bias: f64([4, 5]) };
  test("divides by √(variance + eps), then applies weight and bias", () => {
    const map = standardMap(at.mean, at.variance, 0.25, at);
    const scale = [2 / Math.sqrt(3.25), 3 / Math.sqrt(0.75)];
    expect([...map.center.data]).toEqual([1, 2]);
    expectClose("scale", map.scale, ndarray([2], scale), tolerances.reference);
    expect([...map.shift.data]).toEqual([4, 5]);
  });
  test("takes 1 and 0 for a weight and a bias that are missing", () => {
    const map = standardMap(at.mean, f64([3, 0]), 1);
    expect([...map.scale.data]).toEqual([0.5, 1]);
    expect([...map.shift.data]).toEqual([0, 0]);
  });
  test("differentiates in everything", () => {
    const f = ({ mean, variance, ...params }: typeof at) => ({
      ...standardMap(mean, variance, 0.25, params),
    });
    checkGradients(f, at, { order: 3 });
  });
});

describe("initAffine", () => {
  test("starts with weight 1 and bias 0, without the bias, or with nothing", () => {
    const both = initAffine([2, 1], "float64");
    expect(both["weight"]!.toArray()).toEqual([[1], [1]]);
    expect(both["bias"]!.toArray()).toEqual([[0], [0]]);
    expect(leaves(both).map((t) => t.dtype)).toEqual(["float64", "float64"]);
    expect(Object.keys(initAffine([2], "float32", { bias: false }))).toEqual(["weight"]);
    expect(initAffine([2], "float32", { affine: false })).toEqual({});
  });
});

test("affineOf picks weight and bias, where they are, and nothing else", () => {
  const [weight, bias, other] = [f64([1]), f64([2]), f64([3])];
  expect(affineOf({ weight, bias, other })).toEqual({ weight, bias });
  expect(Object.keys(affineOf({ weight, other }))).toEqual(["weight"]);
  expect(affineOf({ other })).toEqual({});
});

describe("safeSqrt", () => {
  test("is the square root, with derivative 0 at 0", () => {
    const x = f64([0, 4, 9]);
    expect([...safeSqrt(x).data]).toEqual([0, 2, 3]);
    const g = grad((t: Tensor) => sum(safeSqrt(t)))(x);
    expectClose("gradient", g, ndarray([3], [0, 1 / 4, 1 / 6]), tolerances.reference);
  });
  test("has right gradients away from 0, and finite ones of every order at 0", () => {
    const x = random(1).uniform([5], { low: 0.5, high: 2, dtype: "float64" });
    checkGradients(safeSqrt, x, { order: 3 });
    const first = (t: Tensor): Tensor => sum(grad((u: Tensor) => sum(safeSqrt(u)))(t));
    const second = (t: Tensor): Tensor => sum(grad(first)(t));
    for (const f of [first, second]) expect(grad(f)(f64([0])).item()).toBe(0);
  });
});

import { random } from "@evenkeel/autodiff";
import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bn-tricks.json" with { type: "json" };
import { classBalancedBatchNormCase } from "./class-balanced-batch-norm.case.ts";
import { samplesPerClass } from "./class-balanced-batch-norm.ts";

describe("classBalancedBatchNorm", () => {
  const suite = normSuite(classBalancedBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(classBalancedBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

describe("samplesPerClass", () => {
  const labels = [3, 1, 3, 3, 1, 7, 3];
  const counts = (at: readonly number[]): number[] =>
    [1, 3, 7].map((label) => at.filter((i) => labels[i] === label).length);

  test("takes each sample once, and fewer of a class that has fewer", () => {
    const at = samplesPerClass(labels, { perClass: 2, random: random(1) });
    expect(counts(at)).toEqual([2, 2, 1]);
    expect(new Set(at).size).toBe(at.length);
  });
  test("repeats samples on demand, so that every class has as many", () => {
    const at = samplesPerClass(labels, { perClass: 3, random: random(2), repeat: true });
    expect(counts(at)).toEqual([3, 3, 3]);
    expect(new Set(at.filter((i) => labels[i] === 1)).size).toBe(2);
  });
  test("draws others from another stream, and the same from the same", () => {
    const many = Array.from({ length: 100 }, (_, i) => i % 2);
    const draw = (seed: number): number[] =>
      samplesPerClass(many, { perClass: 5, random: random(seed) });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
  test("refuses to draw nothing", () => {
    expect(() => samplesPerClass(labels, { perClass: 0, random: random(1) })).toThrow(
      "samplesPerClass perClass: expected a whole number >= 1, got 0.",
    );
  });
});

import { random, type Tensor } from "@evenkeel/autodiff";
import { checkGradients, normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/sandwich-batch-norm.json" with { type: "json" };
import { sandwichBatchNormCase } from "./sandwich-batch-norm.case.ts";
import { sandwichBatchNorm } from "./sandwich-batch-norm.ts";

describe("sandwichBatchNorm", () => {
  for (const { name, run } of normSuite(sandwichBatchNormCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(sandwichBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });

  test("gradients reach soft classes, to the third order", () => {
    const norm = sandwichBatchNorm({ numFeatures: 2, numClasses: 3 });
    const { params, state } = norm.init({ dtype: "float64" });
    const x = random(1).normal([4, 2, 3], { dtype: "float64" });
    const classes = random(2).uniform([4, 3], { dtype: "float64" });
    const call = (at: { readonly x: Tensor; readonly classes: Tensor }): Tensor =>
      norm.apply(at.x, params, state, { condition: { classes: at.classes } }).output;
    checkGradients(call, { x, classes }, { order: 3, seed: 1 });
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import auxBatchNorm from "../../golden/aux-batch-norm.json" with { type: "json" };
import { auxiliaryBatchNormCase } from "./auxiliary-batch-norm.case.ts";

describe("auxiliaryBatchNorm", () => {
  const suite = normSuite(auxiliaryBatchNormCase, { golden: [auxBatchNorm] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(auxiliaryBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

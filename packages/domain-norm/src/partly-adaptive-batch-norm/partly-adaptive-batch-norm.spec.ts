import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/partly-adaptive-bn.json" with { type: "json" };
import { partlyAdaptiveBatchNormCase } from "./partly-adaptive-batch-norm.case.ts";

describe("partlyAdaptiveBatchNorm", () => {
  for (const { name, run } of normSuite(partlyAdaptiveBatchNormCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(partlyAdaptiveBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

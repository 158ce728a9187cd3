import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/instance-enhancement-batch-norm.json" with { type: "json" };
import { instanceEnhancementBatchNormCase } from "./instance-enhancement-batch-norm.case.ts";

describe("instanceEnhancementBatchNorm", () => {
  const suite = normSuite(instanceEnhancementBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(instanceEnhancementBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

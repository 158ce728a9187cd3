import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/ema-adaptive-bn.json" with { type: "json" };
import { emaAdaptiveBatchNormCase } from "./ema-adaptive-batch-norm.case.ts";

describe("emaAdaptiveBatchNorm", () => {
  for (const { name, run } of normSuite(emaAdaptiveBatchNormCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(emaAdaptiveBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/prediction-time-bn.json" with { type: "json" };
import { predictionTimeBatchNormCase } from "./prediction-time-batch-norm.case.ts";

describe("predictionTimeBatchNorm", () => {
  for (const { name, run } of normSuite(predictionTimeBatchNormCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(predictionTimeBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

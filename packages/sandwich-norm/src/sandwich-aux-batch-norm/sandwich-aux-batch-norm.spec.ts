import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/sandwich-aux-batch-norm.json" with { type: "json" };
import { sandwichAuxBatchNormCase } from "./sandwich-aux-batch-norm.case.ts";

describe("sandwichAuxBatchNorm", () => {
  for (const { name, run } of normSuite(sandwichAuxBatchNormCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(sandwichAuxBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/sandwich-batch-norm-nas.json" with { type: "json" };
import { sandwichBatchNormNasCase } from "./sandwich-batch-norm-nas.case.ts";

describe("sandwichBatchNormNas", () => {
  for (const { name, run } of normSuite(sandwichBatchNormNasCase, { golden: [golden] }))
    test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(sandwichBatchNormNasCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

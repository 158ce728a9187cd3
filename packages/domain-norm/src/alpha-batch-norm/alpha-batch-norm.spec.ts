import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/alpha-bn.json" with { type: "json" };
import { alphaBatchNormCase } from "./alpha-batch-norm.case.ts";

describe("alphaBatchNorm", () => {
  for (const { name, run } of normSuite(alphaBatchNormCase, { golden: [golden] })) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(alphaBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

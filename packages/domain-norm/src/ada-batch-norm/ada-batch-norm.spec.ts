import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/adabn.json" with { type: "json" };
import { adaBatchNormCase } from "./ada-batch-norm.case.ts";

describe("adaBatchNorm", () => {
  for (const { name, run } of normSuite(adaBatchNormCase, { golden: [golden] })) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(adaBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/representative-batch-norm.json" with { type: "json" };
import { representativeBatchNormCase } from "./representative-batch-norm.case.ts";

describe("representativeBatchNorm", () => {
  const suite = normSuite(representativeBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(representativeBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

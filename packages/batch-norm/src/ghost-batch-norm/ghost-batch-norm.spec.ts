import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/ghost-bn.json" with { type: "json" };
import { ghostBatchNormCase } from "./ghost-batch-norm.case.ts";

describe("ghostBatchNorm", () => {
  const suite = normSuite(ghostBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm, with a smaller last chunk, too", () => {
    expect(stepKernels(ghostBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/continual-norm.json" with { type: "json" };
import { continualNormCase } from "./continual-norm.case.ts";

describe("continualNorm", () => {
  for (const { name, run } of normSuite(continualNormCase, { golden: [golden] })) test(name, run);

  test("a step costs the four kernels of batch norm, both stages together", () => {
    expect(stepKernels(continualNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

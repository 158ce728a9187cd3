import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/filter-response-norm.json" with { type: "json" };
import { filterResponseNormCase } from "./filter-response-norm.case.ts";

describe("filterResponseNorm", () => {
  const suite = normSuite(filterResponseNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of a norm under a relu, and two for the threshold", () => {
    expect(stepKernels(filterResponseNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine", "add"],
      backward: ["sum", "gatedPlaneSums", "gatedPlaneCombine"],
    });
  });
});

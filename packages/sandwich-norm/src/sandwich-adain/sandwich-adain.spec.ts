import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/sandwich-adain.json" with { type: "json" };
import { sandwichAdainCase } from "./sandwich-adain.case.ts";

describe("sandwichAdain", () => {
  for (const { name, run } of normSuite(sandwichAdainCase, { golden: [golden] })) test(name, run);

  test("a step costs the four kernels of batch norm, and one for the style each way", () => {
    const { forward, backward } = stepKernels(sandwichAdainCase);
    expect(forward).toEqual(["planeMoments", "planeMoments", "planeAffine"]);
    expect(backward).toEqual(["planeSums", "planeCombine", "planeAffine"]);
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/batch-renorm.json" with { type: "json" };
import { batchRenormCase } from "./batch-renorm.case.ts";

describe("batchRenorm", () => {
  const suite = normSuite(batchRenormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  describe("while nothing is corrected", () => {
    const warm = normSuite(
      {
        ...batchRenormCase,
        options: (numFeatures) => [{ numFeatures }],
        gradientOrder: 3,
        exceptions: {},
      },
      { golden: null },
    );
    for (const { name, run } of warm) if (name.startsWith("gradients")) test(name, run);
  });

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(batchRenormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

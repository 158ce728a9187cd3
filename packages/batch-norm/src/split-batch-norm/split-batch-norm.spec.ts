import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import auxBn from "../../golden/aux-bn.json" with { type: "json" };
import splitBatchNorm from "../../golden/split-batch-norm.json" with { type: "json" };
import splitBn from "../../golden/split-bn.json" with { type: "json" };
import { splitBatchNormCase } from "./split-batch-norm.case.ts";

describe("splitBatchNorm", () => {
  const suite = normSuite(splitBatchNormCase, { golden: [splitBatchNorm, splitBn, auxBn] });
  for (const { name, run } of suite) test(name, run);

  for (const [what, condition] of [
    ["in parts", undefined],
    ["by one branch", { branch: 1 }],
  ] as const) {
    test(`a step ${what} costs the four kernels of batch norm`, () => {
      expect(stepKernels({ ...splitBatchNormCase, condition: () => condition })).toEqual({
        forward: ["planeMoments", "planeAffine"],
        backward: ["planeSums", "planeCombine"],
      });
    });
  }
});

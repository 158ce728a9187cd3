import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/cross-iteration-bn.json" with { type: "json" };
import { crossIterationBatchNormCase } from "./cross-iteration-batch-norm.case.ts";

describe("crossIterationBatchNorm", () => {
  for (const { name, run } of normSuite(crossIterationBatchNormCase, { golden: [golden] })) {
    test(name, run);
  }
});

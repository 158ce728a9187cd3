import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/conditional-batch-norm.json" with { type: "json" };
import { conditionalBatchNormCase } from "./conditional-batch-norm.case.ts";

describe("conditionalBatchNorm", () => {
  for (const { name, run } of normSuite(conditionalBatchNormCase, { golden: [golden] }))
    test(name, run);
});

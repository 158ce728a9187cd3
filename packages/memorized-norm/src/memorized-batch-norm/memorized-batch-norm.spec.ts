import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/memorized-bn.json" with { type: "json" };
import { memorizedBatchNormCase } from "./memorized-batch-norm.case.ts";

describe("memorizedBatchNorm", () => {
  for (const { name, run } of normSuite(memorizedBatchNormCase, { golden: [golden] })) {
    test(name, run);
  }
});

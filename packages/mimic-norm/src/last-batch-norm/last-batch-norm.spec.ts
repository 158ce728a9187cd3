import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/mimic-norm.json" with { type: "json" };
import { lastBatchNormCase } from "./last-batch-norm.case.ts";

describe("lastBatchNorm", () => {
  for (const { name, run } of normSuite(lastBatchNormCase, { golden: [golden] })) test(name, run);
});

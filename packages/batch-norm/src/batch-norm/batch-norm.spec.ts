import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/batch-norm.json" with { type: "json" };
import { batchNormCase } from "./batch-norm.case.ts";

describe("batchNorm", () => {
  for (const { name, run } of normSuite(batchNormCase, { golden: [golden] })) test(name, run);
});

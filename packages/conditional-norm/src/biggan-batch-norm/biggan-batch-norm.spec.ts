import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/class-conditional-batch-norm-biggan.json" with { type: "json" };
import { bigganBatchNormCase } from "./biggan-batch-norm.case.ts";

describe("bigganBatchNorm", () => {
  for (const { name, run } of normSuite(bigganBatchNormCase, { golden: [golden] })) test(name, run);
});

import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/rms-norm.json" with { type: "json" };
import { rmsNormCase } from "./rms-norm.case.ts";

describe("rmsNorm", () => {
  for (const { name, run } of normSuite(rmsNormCase, { golden: [golden] })) test(name, run);
});

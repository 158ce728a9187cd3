import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/instance-norm.json" with { type: "json" };
import { instanceNormCase } from "./instance-norm.case.ts";

describe("instanceNorm", () => {
  for (const { name, run } of normSuite(instanceNormCase, { golden: [golden] })) test(name, run);
});

import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/positional-norm.json" with { type: "json" };
import { positionalNormCase } from "./positional-norm.case.ts";

describe("positionalNorm", () => {
  for (const { name, run } of normSuite(positionalNormCase, { golden: [golden] })) test(name, run);
});

import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/adain.json" with { type: "json" };
import { adainCase } from "./adain.case.ts";

describe("adain", () => {
  for (const { name, run } of normSuite(adainCase, { golden: [golden] })) test(name, run);
});

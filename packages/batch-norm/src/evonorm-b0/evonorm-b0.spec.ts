import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/evonorm.json" with { type: "json" };
import { evonormB0Case } from "./evonorm-b0.case.ts";

describe("evonormB0", () => {
  for (const { name, run } of normSuite(evonormB0Case, { golden: [golden] })) test(name, run);
});

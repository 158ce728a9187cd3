import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/evonorm.json" with { type: "json" };
import { evonormS0Case } from "./evonorm-s0.case.ts";

describe("evonormS0", () => {
  for (const { name, run } of normSuite(evonormS0Case, { golden: [golden] })) test(name, run);
});

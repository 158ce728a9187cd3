import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import groupNormGolden from "../../golden/group-norm.json" with { type: "json" };
import groupNormalizationGolden from "../../golden/group-normalization.json" with { type: "json" };
import { groupNormCase } from "./group-norm.case.ts";

describe("groupNorm", () => {
  const golden = [groupNormGolden, groupNormalizationGolden];
  for (const { name, run } of normSuite(groupNormCase, { golden })) test(name, run);
});

import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import { newNormCase } from "./new-norm.case.ts";

describe("newNorm", () => {
  // With golden numbers: normSuite(newNormCase, { golden: [file] }).
  for (const { name, run } of normSuite(newNormCase)) test(name, run);
});

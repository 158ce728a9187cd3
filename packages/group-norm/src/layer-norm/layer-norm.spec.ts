import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/layer-norm.json" with { type: "json" };
import { layerNormCase } from "./layer-norm.case.ts";

describe("layerNorm", () => {
  for (const { name, run } of normSuite(layerNormCase, { golden: [golden] })) test(name, run);
});

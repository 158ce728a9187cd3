import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/film.json" with { type: "json" };
import { filmBatchNormCase } from "./film-batch-norm.case.ts";

describe("filmBatchNorm", () => {
  for (const { name, run } of normSuite(filmBatchNormCase, { golden: [golden] })) test(name, run);
});

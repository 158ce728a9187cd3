import { normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/film.json" with { type: "json" };
import { filmCase } from "./film.case.ts";

describe("film", () => {
  for (const { name, run } of normSuite(filmCase, { golden: [golden] })) test(name, run);
});

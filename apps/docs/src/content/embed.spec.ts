import { describe, expect, test } from "vitest";
import { embedExamples, exampleName } from "./embed.ts";

const from = "packages/batch-norm/src/batch-norm/batch-norm.md";

describe("examples", () => {
  test.each([
    [
      "packages/batch-norm/src/ghost-batch-norm/ghost-batch-norm.example.ts",
      "batch-norm/ghost-batch-norm",
    ],
    ["packages/evenkeel/src/create-norm.example.ts", "evenkeel/create-norm"],
    ["docs/guides/a-b.example.ts", "guides/a-b"],
  ])("%s is called %s", (path, name) => {
    expect(exampleName(path)).toBe(name);
  });

  test("other files are no examples", () => {
    expect(() => exampleName("scripts/new.example.ts")).toThrow("no example");
  });

  test("a paragraph that is a link to one becomes the element, with the code inside", () => {
    const site = embedExamples("Before.\n\n[The example](batch-norm.example.ts)\n\nAfter.\n", from);
    expect(site).toMatch(
      /^Before\.\n\n<ek-example src="batch-norm\/batch-norm">\n\n```ts\nimport /,
    );
    expect(site).toMatch(/\n```\n\n<\/ek-example>\n\n\nAfter\.\n$/);
  });

  test("a link within a sentence stays a link", () => {
    const sentence = "See [the example](batch-norm.example.ts) for more.\n";
    expect(embedExamples(sentence, from)).toBe(sentence);
  });

  test("a link to nothing is an error that names it", () => {
    expect(() => embedExamples("[The example](none.example.ts)\n", from)).toThrow(
      "none.example.ts",
    );
  });
});

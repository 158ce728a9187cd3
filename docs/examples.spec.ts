import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { writePrograms } from "../scripts/snippets.ts";
import { filesOf, root } from "../scripts/workspace.ts";

// An example or a page passes when its program runs to the end: what it claims, it checks itself.
const load = (path: string): Promise<unknown> =>
  import(/* @vite-ignore */ pathToFileURL(join(root, path)).href);

const examples = ["packages/*/src/**/*.example.ts", "docs/guides/*.example.ts"].flatMap((pattern) =>
  filesOf(root, pattern),
);
const pages = writePrograms();

for (const path of examples) test(`${path} runs`, () => load(path));
for (const { page, file } of pages) test(`the program on ${page} runs`, () => load(file));

test("there are examples to run", () => {
  expect(examples.length + pages.length).toBeGreaterThan(0);
});

test("the guide to the norms has a row for every norm and method", () => {
  const guide = readFileSync(join(root, "docs/guides/which-norm.md"), "utf8");
  const missing = filesOf(root, "packages/*/src/*/*.md").filter((path) => !guide.includes(path));
  expect(missing).toEqual([]);
});

import { expect, test } from "vitest";
import { programOf as program } from "./snippets.ts";

const programOf = (text: string): string | undefined => program(text, "page.md");
const page = (...lines: string[]): string => lines.join("\n");

test("blocks of one page become one module whose lines keep their numbers", () => {
  const program = programOf(
    page("# Title", "```ts", "const a = 1;", "```", "Then", "```ts", "a + 1;", "```", "end"),
  );
  expect(program?.split("\n")).toEqual([
    "",
    "",
    "const a = 1;",
    "",
    "",
    "",
    "a + 1;",
    "export {};",
    "",
  ]);
});

test("other languages and blocks marked no-run are left out", () => {
  const text = page(
    "```sh",
    "rm x",
    "```",
    "```ts no-run",
    "broken(",
    "```",
    "```",
    "plain",
    "```",
  );
  expect(programOf(text)).toBeUndefined();
});

test("a block inside a longer fence is text", () => {
  expect(programOf(page("````md", "```ts", "broken(", "```", "````"))).toBeUndefined();
});

test("a block that is not closed is refused", () => {
  expect(() => programOf(page("```ts", "const a = 1;"))).toThrow(
    "page.md: a code block is not closed",
  );
});

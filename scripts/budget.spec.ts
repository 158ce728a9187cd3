import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { budgetReport, coreLines, countLines } from "./budget.ts";

test("blank lines count nowhere and comment lines are no code", () => {
  const text = [
    "/** One line. */",
    "const a = 1; // code",
    "",
    "/*",
    "  text",
    "  */ const b = 2;",
    "  // words",
    "  ",
    "/* c */ d();",
    "",
  ];
  expect(countLines(text.join("\n"))).toEqual({ all: 9, nonBlank: 7, code: 3 });
});

test("a comment opened after code does not swallow the lines below", () => {
  expect(countLines('const glob = "/*";\nf();\n').code).toBe(2);
});

test("imports and re-exports are no code", () => {
  const text =
    'import { a } from "./a.ts";\nimport {\n  b,\n  c,\n} from "./b.ts";\nexport * from "./c.ts";\na(b, c);\n';
  expect(countLines(text)).toEqual({ all: 7, nonBlank: 7, code: 1 });
});

test("an empty file has no lines", () => {
  expect(countLines("")).toEqual({ all: 0, nonBlank: 0, code: 0 });
});

describe("the report", () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "budget-"));
    mkdirSync(join(base, "packages/autodiff/src"), { recursive: true });
    const manifest = JSON.stringify({ name: "@evenkeel/autodiff" });
    writeFileSync(join(base, "packages/autodiff/package.json"), manifest);
    writeFileSync(join(base, "packages/autodiff/turbo.json"), '{ "tags": ["floor0"] }');
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const write = (file: string, lines: number): void =>
    writeFileSync(join(base, "packages/autodiff/src", file), "f();\n".repeat(lines));

  test("specs may be as many as they like, but not longer than a file", () => {
    for (let i = 0; i < 8; i++) write(`a${i}.spec.ts`, 250);
    expect(budgetReport(base).complaints).toEqual([]);
    write("b.spec.ts", 251);
    expect(budgetReport(base).complaints).toEqual([
      "packages/autodiff/src/b.spec.ts has 251 lines, 250 are allowed. Split it by what it does.",
    ]);
  });

  test("a core over its budget is named with both numbers", () => {
    const files = Math.floor(coreLines / 250);
    for (let i = 0; i < files; i++) write(`a${i}.ts`, 250);
    write("rest.ts", coreLines - 250 * files);
    expect(budgetReport(base).complaints).toEqual([]);
    write("one.ts", 1);
    expect(budgetReport(base).complaints).toEqual([
      `packages/autodiff/src has ${coreLines + 1} lines of code, ${coreLines} are allowed. ` +
        "Make something simpler, or move an op to the package that needs it.",
    ]);
  });
});

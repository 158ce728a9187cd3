import { expect, test } from "vitest";
import { failureOf } from "./failure.ts";
import { compile, moduleText } from "./program.ts";

const program = `import {
  random,
  type Tensor,
} from "@evenkeel/autodiff";
import * as nn from "@evenkeel/nn";
import { type Card } from "@evenkeel/norm-core";

interface Options { readonly size: number }
const x: Tensor = random(1).normal([2]);
export const y = x as unknown as Options;
const text = \`
import { a } from "b";
\`;
console.log(nn, (await import("@evenkeel/wasm")).y!, text);
`;

/** A program's module, with packages of the test's own. */
function urlOf(source: string, packages: Record<string, object>): string {
  const text = moduleText(compile(source), "test:require");
  const require = (name: string): object => ({ __esModule: true, ...packages[name] });
  Object.assign(globalThis, { "test:require": require });
  return `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
}

test("only packages that are used as values are imported, those loaded later included", () => {
  expect(compile(program).imports).toEqual([
    "@evenkeel/autodiff",
    "@evenkeel/nn",
    "@evenkeel/wasm",
  ]);
});

test("every line stays where it was", () => {
  const lines = moduleText(compile(program), "key").split("\n");
  expect(lines).toHaveLength(program.split("\n").length);
  expect(lines[8]).toContain("const x = ");
  expect(lines[13]).toContain("console.log(nn");
  expect(lines.join("\n")).not.toMatch(/\binterface\b|: Tensor|as unknown/);
});

test("a program runs with the exports that its imports name", async () => {
  const seen: unknown[] = [];
  const source = `
    import { push as tell, value } from "a";
    import * as all from "a";
    import "side";
    tell(value as number, all.value, await Promise.resolve("later"));
    export const ignored: number = 1;`;
  const packages = { a: { push: (...v: unknown[]) => seen.push(...v), value: 3 }, side: {} };
  await import(/* @vite-ignore */ urlOf(source, packages));
  expect(seen).toEqual([3, 3, "later"]);
});

test("errors have the line that the user wrote", async () => {
  const source = `import { value } from "a";\n\nfunction f(x: unknown): never {\n  throw new Error(String(x));\n}\nf(value);`;
  const url = urlOf(source, { a: { value: 1 } });
  const error: unknown = await import(/* @vite-ignore */ url).catch((e: unknown) => e);
  expect(failureOf(error, url)).toEqual({ name: "Error", message: "1", line: 4 });
});

test.for([
  ["const a = 1;\nconst b = (2 + ;", 2, "Unexpected token."],
  ["if (x {", 1, 'Unexpected token, expected ")".'],
  ["\n\nlet s = 'abc\n;", 3, "Unterminated string constant."],
] as const)("%j cannot be read", ([source, line, message]) => {
  let thrown: unknown;
  try {
    compile(source);
  } catch (error) {
    thrown = error;
  }
  expect(failureOf(thrown)).toEqual({ name: "SyntaxError", message, line });
});

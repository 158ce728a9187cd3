import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { variantsOf } from "./book.ts";
import { planVariant, write } from "./new-variant.ts";
import { newNormCase } from "./template/new-norm.case.ts";
import { familiesOf, filesOf, readJson, root } from "./workspace.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "new-"));
  const settings = ["package.json", "tsconfig.json", "turbo.json"];
  const copied = ["batch-norm", "evenkeel", "norm-core"].flatMap((name) =>
    settings.map((file) => `packages/${name}/${file}`),
  );
  for (const path of [...copied, "apps/lab/package.json"]) {
    cpSync(join(root, path), join(base, path));
  }
  mkdirSync(join(base, "packages/batch-norm/src/batch-norm"), { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true }));

test("a variant is six files under its own names, and nothing of the template's is left", () => {
  const { folder, files, newFamily } = planVariant("batch-norm", "ghost-batch-norm", base);
  expect(newFamily).toBe(false);
  expect(files.map(({ path }) => path.slice(folder.length + 1))).toEqual([
    "ghost-batch-norm.case.ts",
    "ghost-batch-norm.example.ts",
    "ghost-batch-norm.md",
    "ghost-batch-norm.reference.ts",
    "ghost-batch-norm.spec.ts",
    "ghost-batch-norm.ts",
  ]);
  const text = files.map(({ content }) => content).join("");
  expect(text).not.toMatch(/new.?norm/i);
  expect(text).toContain('import { ghostBatchNorm } from "@evenkeel/batch-norm";');
  expect(text).toContain("export const ghostBatchNorm: Norm<GhostBatchNormOptions>");
});

test("the template fails until its reference is written, and says where", () => {
  const x = { shape: [2, 3], data: new Float64Array(6) };
  const mode = { statistics: "batch", update: true } as const;
  const call = {
    x,
    params: {},
    state: {},
    mode,
    options: { numFeatures: 3 },
    condition: undefined,
  };
  expect(() => newNormCase.reference(call)).toThrow(
    "Write me: new-norm.reference.ts says what newNorm makes of x [2, 3].",
  );
});

test("a written variant is found by the generator", () => {
  write(planVariant("batch-norm", "ghost-batch-norm", base).files, base);
  expect(variantsOf(base, "packages/batch-norm")).toEqual(["ghost-batch-norm"]);
});

test("a new family stands on its floor, has the core's ranges and is known to lab and umbrella", () => {
  const { files, newFamily } = planVariant("proxy-norm", "proxy-norm", base);
  expect(newFamily).toBe(true);
  write(files, base);
  expect(familiesOf(base).map(({ folder }) => folder)).toContain("packages/proxy-norm");
  const pattern = readJson(join(base, "packages/batch-norm/package.json")) as object;
  expect(readJson(join(base, "packages/proxy-norm/package.json"))).toEqual({
    ...pattern,
    name: "@evenkeel/proxy-norm",
    version: "0.0.0",
    description: "Write me",
    repository: expect.objectContaining({ directory: "packages/proxy-norm" }),
  });
  for (const path of ["apps/lab/package.json", "packages/evenkeel/package.json"]) {
    const { dependencies } = readJson(join(base, path)) as { dependencies: Record<string, string> };
    expect(dependencies["@evenkeel/proxy-norm"]).toBe(dependencies["@evenkeel/batch-norm"]);
  }
});

test.each([
  ["batch-norm", "GhostBN", /^new: expected a kebab-case variant such as .*, got "GhostBN"\./],
  ["batch-norm", "../x", /^new: expected a kebab-case variant/],
  ["Batch", "x-norm", /^new: expected a kebab-case family/],
  ["batch-norm", "batch-norm", /got packages\/batch-norm\/src\/batch-norm\. Take another name\.$/],
  ["proxy-norm", "batch-norm", /^new: expected a name that no norm has, got "batch-norm"/],
  [
    "norm-core",
    "x-norm",
    /got packages\/norm-core, which holds no norms\. Families are batch-norm/,
  ],
])("%s %s is refused and nothing is written", (family, variant, message) => {
  const before = filesOf(base, "**/*");
  expect(() => planVariant(family, variant, base)).toThrow(message);
  expect(filesOf(base, "**/*")).toEqual(before);
  expect(existsSync(join(base, "packages", family, "src/x-norm"))).toBe(false);
});

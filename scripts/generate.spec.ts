import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Book, camel, umbrellaOf, type Variant } from "./book.ts";
import { stalePages, unwrittenPages } from "./generate.ts";
import { pagesOf } from "./pages.ts";
import { root, type Workspace } from "./workspace.ts";

const variant = (kebab: string): Variant => ({
  kebab,
  card: {
    id: camel(kebab),
    name: `The ${kebab} of this paper`,
    summary: "Does what it says.",
    paper: { title: "On | norms", authors: "A. Author", year: 2020, arxiv: "2001.00001" },
  },
});

const bookOf = (...kebabs: string[]): Book => ({
  packages: ["autodiff", "empty-norm", "norm-core", "some-norm"].map((name) => `packages/${name}`),
  families: [
    {
      name: "@evenkeel/some-norm",
      folder: "packages/some-norm",
      description: "Some normalization",
      peers: ["@evenkeel/autodiff", "@evenkeel/norm-core"],
      variants: kebabs.map(variant),
    },
    {
      name: "@evenkeel/empty-norm",
      folder: "packages/empty-norm",
      description: "Nothing yet.",
      peers: [],
      variants: [],
    },
  ],
  umbrella: {
    folder: "packages/umbrella",
    dependencies: new Map([
      ["@evenkeel/autodiff", "packages/autodiff"],
      ["@evenkeel/some-norm", "packages/some-norm"],
    ]),
  },
});

const book = bookOf("a-norm", "b-norm");
let base: string;
const at = (path: string): string => join(base, path);
const read = (path: string): string => readFileSync(at(path), "utf8");

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "generate-"));
  const marks = ["families", "norms"].map((name) => `<!-- ${name} -->\n<!-- /${name} -->`);
  writeFileSync(at("README.md"), `# Head\n\n${marks.join("\n\n")}\n\nTail\n`);
  stalePages(pagesOf(book), base, { write: true });
});
afterEach(() => rmSync(base, { recursive: true }));

test("what was generated a moment ago is up to date", () => {
  expect(stalePages(pagesOf(book), base)).toEqual([]);
});

test("a new variant makes every list stale, and checking writes nothing", () => {
  const before = read("packages/some-norm/src/index.ts");
  expect(stalePages(pagesOf(bookOf("a-norm", "b-norm", "c-norm")), base)).toEqual([
    "packages/some-norm/src/index.ts",
    "packages/some-norm/src/cases.ts",
    "packages/some-norm/README.md",
    "packages/umbrella/src/norms.ts",
    "README.md",
    "apps/lab/src/norms.ts",
  ]);
  expect(read("packages/some-norm/src/index.ts")).toBe(before);
});

test("a generated file that was edited by hand is stale", () => {
  writeFileSync(at("packages/some-norm/src/cases.ts"), "export {};\n");
  expect(stalePages(pagesOf(book), base)).toEqual(["packages/some-norm/src/cases.ts"]);
});

test("text written by hand survives in both READMEs", () => {
  writeFileSync(
    at("packages/some-norm/README.md"),
    `${read("packages/some-norm/README.md")}\nMine.\n`,
  );
  stalePages(pagesOf(bookOf("c-norm")), base, { write: true });
  expect(read("packages/some-norm/README.md")).toContain("[`cNorm`](src/c-norm/c-norm.md)");
  expect(read("packages/some-norm/README.md")).toMatch(/\nMine\.\n$/);
  expect(read("README.md")).toMatch(/^# Head\n[\s\S]*`cNorm`[\s\S]*\nTail\n$/);
});

test("a README without the marks is refused", () => {
  writeFileSync(at("README.md"), "# Head\n");
  expect(() => stalePages(pagesOf(book), base)).toThrow(
    "README.md needs the lines <!-- norms --> and <!-- /norms --> once, for the generated table.",
  );
});

test("pages in which a card still asks its author for words are named", () => {
  expect(unwrittenPages(pagesOf(book), base)).toEqual([]);
  const [family] = book.families;
  const families = [{ ...family!, description: "Write me" }];
  expect(unwrittenPages(pagesOf({ ...book, families }), base)).toEqual([
    "packages/some-norm/README.md",
    "README.md",
  ]);
});

test("code is an address, repositories, or a name", () => {
  const codes = [
    "https://a.org/b",
    "owner/repository",
    "owner/repository@25e7df6 (a/b.py), other/one@aa4b585",
    "torch.nn.GroupNorm (PyTorch 1.13)",
  ];
  const [family] = book.families;
  const variants = codes.map((code, i) => {
    const { kebab, card } = variant(`n${i}-norm`);
    return { kebab, card: { ...card, paper: { ...card.paper, code } } };
  });
  stalePages(pagesOf({ ...book, families: [{ ...family!, variants }] }), base, { write: true });
  expect(read("README.md").match(/(?<=; code: )[^|]+(?= \|)/g)).toEqual([
    "[a.org/b](https://a.org/b)",
    "[owner/repository](https://github.com/owner/repository)",
    "[owner/repository@25e7df6](https://github.com/owner/repository/tree/25e7df6) (a/b.py), " +
      "[other/one@aa4b585](https://github.com/other/one/tree/aa4b585)",
    "torch.nn.GroupNorm (PyTorch 1.13)",
  ]);
});

test("a bar in a title does not open another cell", () => {
  expect(read("README.md")).toContain("[On \\| norms (A. Author, 2020)]");
});

test("a method that is no norm has its row and its exports, but is on no list of norms", () => {
  const [family] = book.families;
  const variants = [variant("a-norm"), { ...variant("b-clip"), method: true }];
  stalePages(pagesOf({ ...book, families: [{ ...family!, variants }] }), base, { write: true });
  expect(read("packages/some-norm/src/index.ts")).toContain('"./b-clip/b-clip.ts"');
  const [norms, methods] = read("README.md").split("| method |");
  expect(norms).toContain("[`aNorm`](packages/some-norm/src/a-norm/a-norm.md)");
  expect(methods).toContain("[`bClip`](packages/some-norm/src/b-clip/b-clip.md)");
  expect(read("packages/umbrella/src/norms.ts")).not.toContain("bClip");
  expect(read("apps/lab/src/norms.ts")).toMatch(/cases = \{\n {2}aNorm: aNormCase,\n\}/);
  expect(read("apps/lab/src/norms.ts")).toMatch(/methods = \{\n {2}bClip: bClipCase,\n\}/);
});

test("the umbrella hands on what it depends on, and refuses to leave out a family", () => {
  const workspace = (name: string, tag: string, dependencies = {}): Workspace => ({
    folder: `packages/${name}`,
    manifest: { name, dependencies },
    tags: [tag],
  });
  const [core, family] = [workspace("core", "floor0"), workspace("some-norm", "family")];
  const umbrella = (...names: string[]): Workspace =>
    workspace("all", "umbrella", Object.fromEntries(names.map((name) => [name, "^0.0.0"])));
  const { folder, dependencies } = umbrellaOf([umbrella("some-norm", "core"), core, family]);
  expect(folder).toBe("packages/all");
  expect([...dependencies]).toEqual([
    ["core", "packages/core"],
    ["some-norm", "packages/some-norm"],
  ]);
  expect(() => umbrellaOf([umbrella("core"), core, family])).toThrow(
    "packages/all/package.json hands on every family. Add some-norm.",
  );
  expect(() => umbrellaOf([umbrella("some-norm", "lodash"), core, family])).toThrow(
    "packages/all/package.json hands on packages of this repository, not lodash.",
  );
  expect(read("packages/umbrella/src/index.ts")).toContain(
    'export * from "@evenkeel/some-norm";\n',
  );
  expect(read("packages/umbrella/src/norms.ts")).toContain("  readonly aNorm: typeof aNorm;\n");
});

test("the formatter finds nothing to change in generated code", () => {
  const long = "instance-enhancement-batch-norm-for-big-gans";
  for (const kebabs of [[], ["a-norm", "b-norm"], [long], ["a-norm", long, `other-${long}`]]) {
    stalePages(pagesOf(bookOf(...kebabs)), base, { write: true });
    const biome = join(root, "node_modules/.bin/biome");
    const settings = ["check", `--config-path=${join(root, "biome.json")}`, "--vcs-enabled=false"];
    execFileSync(biome, [...settings, base], { stdio: "pipe" });
  }
});

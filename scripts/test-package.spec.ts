import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contentsOf, differences, snapshotOf } from "./test-package-contents.ts";
import { findOldNode, installedSizes } from "./test-package-install.ts";

const built = (stem: string): string[] =>
  [".js", ".js.map", ".d.ts", ".d.ts.map"].map((end) => `dist/${stem}${end}`);

describe("the contents of a tarball", () => {
  test("are one line for a module with all that is built from it, and every other file", () => {
    const files = ["README.md", "src/a/b.ts", ...built("a/b"), "src/a/b.md"];
    expect(contentsOf(files)).toEqual(["README.md", "src/a/b.md", "a/b *"]);
  });

  test("list a module file by file when one is missing", () => {
    const [js, ...others] = built("a");
    expect(contentsOf(["src/a.ts", ...others])).toEqual(["src/a.ts", ...others]);
    expect(contentsOf([js!, ...others])).toEqual([js, ...others]);
  });

  test("differ by what was lost, what came, and where", () => {
    const before = snapshotOf([
      ["one", ["README.md", "src/a.ts", ...built("a")]],
      ["two", ["README.md"]],
    ]);
    const after = snapshotOf([
      ["one", ["README.md", "secret.txt"]],
      ["three", ["README.md"]],
    ]);
    expect(differences(before, before)).toEqual([]);
    expect(differences(before, after)).toEqual([
      "missing: one a *",
      "missing: two",
      "missing: two README.md",
      "not expected: one secret.txt",
      "not expected: three",
      "not expected: three README.md",
    ]);
  });
});

describe("the oldest Node", () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "nodes-"));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  function fakeNode(folder: string, version: string): string {
    const path = join(base, folder, "node");
    mkdirSync(join(base, folder), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho v${version}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const pathOf = (...folders: string[]): string =>
    folders.map((folder) => join(base, folder)).join(delimiter);

  test("is the first on the PATH from 20.19 to below 22", () => {
    fakeNode("new", "24.21.0");
    fakeNode("too-old", "20.9.3");
    const fit = fakeNode("fit", "20.19.0");
    fakeNode("later", "21.1.0");
    expect(findOldNode(pathOf("none", "new", "too-old", "fit", "later"))).toBe(fit);
  });

  test("is not looked for among the repository's own tools", () => {
    fakeNode("node_modules/.bin", "20.20.0");
    const fit = fakeNode("fit", "20.20.0");
    expect(findOldNode(pathOf("node_modules/.bin", "fit"))).toBe(fit);
  });

  test("is asked for where there is none", () => {
    const node = fakeNode("new", "22.0.0");
    expect(() => findOldNode(pathOf("new"))).toThrow(
      `test:package: expected a Node >= 20.19.0 and < 22.0.0 on the PATH, the oldest that packages promise to run in, got 22.0.0 (${node}). Install Node 20; node_modules/.bin does not count.`,
    );
    expect(() => findOldNode("")).toThrow("got none.");
  });
});

test("what was installed is weighed, and must be what was wanted and no more", () => {
  const modules = mkdtempSync(join(tmpdir(), "modules-"));
  const file = (path: string, content: string): void => {
    mkdirSync(dirname(join(modules, path)), { recursive: true });
    writeFileSync(join(modules, path), content);
  };
  file(".package-lock.json", "{}");
  file("@scope/core/package.json", "{}");
  file("@scope/core/dist/index.js", "12345");
  file("all/index.js", "1");
  const wanted = ["all", "@scope/core"];
  expect(installedSizes(modules, wanted)).toBe(
    [
      "installed    files  bytes",
      "@scope/core      2      7",
      "all              1      1",
      "together         3      8",
    ].join("\n"),
  );
  expect(() => installedSizes(modules, [...wanted, "lodash"])).toThrow(
    "test:package: expected @scope/core, all, lodash to be installed, got @scope/core, all.",
  );
  file("@scope/kit/index.js", "");
  expect(() => installedSizes(modules, wanted)).toThrow(
    "test:package: expected @scope/core, all to be installed, got @scope/core, @scope/kit, all.",
  );
  rmSync(modules, { recursive: true });
});

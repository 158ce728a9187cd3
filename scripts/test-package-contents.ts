import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tarball } from "./test-package-tarballs.ts";
import { root } from "./workspace.ts";

const file = "scripts/test-package-contents.txt";
const outputs = [".js", ".js.map", ".d.ts", ".d.ts.map"];
const legend = `# What every tarball holds. "a/b *" is src/a/b.ts with all that is built from it: dist/a/b
# with ${outputs.join(", ")}. Written by \`npm run test:package -- --update\`.
`;

/** One line per module that is there with all its outputs, and one for each other file. */
export function contentsOf(files: readonly string[]): readonly string[] {
  const present = new Set(files);
  const modules = files.flatMap((path) => {
    const stem = /^src\/(.*)\.ts$/.exec(path)?.[1];
    if (stem === undefined) return [];
    const parts = [path, ...outputs.map((end) => `dist/${stem}${end}`)];
    return parts.every((part) => present.has(part)) ? [{ line: `${stem} *`, parts }] : [];
  });
  const covered = new Set(modules.flatMap(({ parts }) => parts));
  const others = files.filter((path) => !covered.has(path));
  return [...others, ...modules.map(({ line }) => line)];
}

/** Packages with their contents, as they are committed. */
export function snapshotOf(packages: readonly (readonly [string, readonly string[]])[]): string {
  const blocks = packages.map(
    ([name, files]) =>
      `\n${name}\n${contentsOf(files)
        .map((line) => `  ${line}\n`)
        .join("")}`,
  );
  return `${legend}${blocks.join("")}`;
}

/** Lines of one text that the other lacks, each under the package that it belongs to. */
export function differences(committed: string, packed: string): readonly string[] {
  const [before, after] = [entries(committed), entries(packed)];
  return [
    ...[...before].filter((entry) => !after.has(entry)).map((entry) => `missing: ${entry}`),
    ...[...after].filter((entry) => !before.has(entry)).map((entry) => `not expected: ${entry}`),
  ];
}

function entries(text: string): ReadonlySet<string> {
  let name = "";
  return new Set(
    text.split("\n").flatMap((line) => {
      if (line.startsWith("  ")) return [`${name} ${line.trim()}`];
      name = line;
      return line === "" || line.startsWith("#") ? [] : [name];
    }),
  );
}

/** Compares with what is committed, or with `update` writes it. */
export function checkContents(
  tarballs: readonly Tarball[],
  { update }: { readonly update: boolean },
): void {
  const packed = snapshotOf(
    tarballs.map(({ workspace, files }) => [workspace.manifest.name, files]),
  );
  const path = join(root, file);
  const committed = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (committed !== packed && !update) {
    const lines = differences(committed, packed).map((line) => `  ${line}\n`);
    throw new Error(
      `The tarballs hold something else than ${file} says:\n${lines.join("")}` +
        "If that is meant, run npm run test:package -- --update. What lies in dist without a source " +
        "is left from an older build: remove dist and build again.",
    );
  }
  if (update) writeFileSync(path, packed);
  console.log(`contents: as in ${file}`);
}

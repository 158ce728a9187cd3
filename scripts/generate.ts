import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { benchmarksPages, readBenchmarks } from "../apps/bench/src/docs/files.ts";
import { speedTable } from "../apps/bench/src/docs/speed.ts";
import { readBook } from "./book.ts";
import { markedPage, type Page, pagesOf } from "./pages.ts";
import { kernelsPage } from "./wasm.ts";
import { packagesOf, root, runAsScript } from "./workspace.ts";

/** Files that differ from what would be generated; with `write` they are mended too. */
export function stalePages(
  pages: readonly Page[],
  base: string = root,
  { write = false }: { readonly write?: boolean } = {},
): readonly string[] {
  const stale = pages.flatMap(({ path, text }) => {
    const before = read(base, path);
    const after = text(before);
    if (after === before) return [];
    const file = join(base, path);
    if (write) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, after);
    }
    return [path];
  });
  // The README has several generated parts.
  return [...new Set(stale)];
}

/** Files in which a new variant's template still asks its author for words. */
export function unwrittenPages(pages: readonly Page[], base: string = root): readonly string[] {
  const written = ({ path, text }: Page): boolean => !/\bwrite me\b/i.test(text(read(base, path)));
  return pages.filter((page) => !written(page)).map(({ path }) => path);
}

/** The license beside every package: npm packs only what lies in its folder. */
export function licensePages(base: string = root): readonly Page[] {
  const license = read(base, "LICENSE");
  return packagesOf(base).map(({ folder }) => ({ path: `${folder}/LICENSE`, text: () => license }));
}

function read(base: string, path: string): string {
  const file = join(base, path);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function refuse(paths: readonly string[], what: string): void {
  if (paths.length > 0) throw new Error(`${what}\n${paths.map((path) => `  ${path}`).join("\n")}`);
}

await runAsScript(import.meta.filename, async (args) => {
  const { values } = parseArgs({ args: [...args], options: { check: { type: "boolean" } } });
  const benchmarks = readBenchmarks();
  const pages = [
    ...pagesOf(await readBook()),
    ...(benchmarks ? [markedPage("speed", speedTable(benchmarks))] : []),
    ...licensePages(),
    await kernelsPage(),
    ...benchmarksPages(),
  ];
  const stale = stalePages(pages, root, { write: !values.check });
  if (values.check) {
    refuse(stale, "These files are stale. Run npm run generate.");
    refuse(unwrittenPages(pages), 'A card or a description still says "write me". It shows in:');
  }
  console.log(stale.map((path) => `wrote ${path}`).join("\n") || "generated files are up to date");
});

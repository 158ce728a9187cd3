import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Benchmarks } from "./benchmarks.ts";
import { benchmarksText } from "./page.ts";

/** Relative to the repository. */
export const docsJson = "docs/benchmarks.json";
const docsPage = "docs/benchmarks.md";

const root = new URL("../../../../", import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));

/** What `npm run generate` writes; nothing before anything was measured. */
export function benchmarksPages(): { path: string; text: () => string }[] {
  const benchmarks = readBenchmarks();
  return benchmarks ? [{ path: docsPage, text: () => benchmarksText(benchmarks) }] : [];
}

export function readBenchmarks(): Benchmarks | undefined {
  const path = pathOf(docsJson);
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as Benchmarks;
}

export function writeBenchmarks(benchmarks: Benchmarks): void {
  writeFileSync(pathOf(docsJson), `${JSON.stringify(benchmarks, null, 2)}\n`);
  writeFileSync(pathOf(docsPage), benchmarksText(benchmarks));
}

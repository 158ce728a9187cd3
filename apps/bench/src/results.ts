import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, OptionError, show } from "@evenkeel/autodiff";
import type { Heap, Outcome } from "./suite.ts";

/** One timed engine on one case, as in the file of `--json`. */
export interface Result {
  readonly suite: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly medianMs: number;
  readonly runs: number;
  /** Only of the suite `memory`. */
  readonly heap?: Heap;
}

/** Engines with wrong results have no time, and no entry. */
export function resultsOf(outcomes: readonly Outcome[]): Result[] {
  return outcomes.flatMap(({ suite, case: name, engine, threads, medianMs, runs, heap }) => {
    if (medianMs === null) return [];
    return [{ suite, case: name, engine, threads, medianMs, runs, ...(heap && { heap }) }];
  });
}

/** Said before minutes of work, not after. */
export function checkWritable(file: string): void {
  const path = resolve(file);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  try {
    if (isFolder) throw new Error("is a folder");
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch {
    fail(
      {
        where: "--json",
        expected: "a file that can be written",
        got: show(file),
        hint: isFolder ? "It is a folder." : "Check that its folder exists and may be written.",
      },
      OptionError,
    );
  }
}

export function writeResults(file: string, outcomes: readonly Outcome[]): void {
  writeFileSync(file, `${JSON.stringify(resultsOf(outcomes), null, 2)}\n`);
}

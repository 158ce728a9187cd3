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

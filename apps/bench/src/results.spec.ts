import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkWritable, writeResults } from "./results.ts";
import type { Outcome } from "./suite.ts";
import { renderTables } from "./table.ts";

const at = { suite: "s", case: "c", threads: 1 };
const outcomes: readonly Outcome[] = [
  { ...at, engine: "us", runs: 30, medianMs: 2, error: 1e-7 },
  { ...at, engine: "us", threads: 2, runs: 30, medianMs: 1.25, error: 1e-7 },
  { ...at, engine: "them", runs: 3, medianMs: 5, error: 2e-6 },
  { ...at, engine: "them", threads: 2, runs: 3, medianMs: 5, error: 2e-6 },
  { ...at, engine: "bad", runs: 0, medianMs: null, error: 0.5 },
];

test("the file holds an array of suite, case, engine, threads, medianMs and runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const file = join(folder, "results.json");
    checkWritable(file);
    writeResults(file, outcomes.slice(2));
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([
      { suite: "s", case: "c", engine: "them", threads: 1, medianMs: 5, runs: 3 },
      { suite: "s", case: "c", engine: "them", threads: 2, medianMs: 5, runs: 3 },
    ]);
    expect(() => checkWritable(folder)).toThrow("It is a folder.");
    expect(() => checkWritable(join(folder, "missing", "results.json"))).toThrow(
      "--json: expected a file that can be written",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the table gives each time as a multiple of ours on as many threads and marks wrong results", () => {
  const options = { ours: "us", color: false, work: () => 4e6 };
  expect(`\n${renderTables(outcomes, options)}\n`).toMatchInlineSnapshot(`
    "
    c
    ┌────────┬─────────┬───────────┬──────┬───────────┬─────────┬───────────────────────┐
    │ engine │ threads │ median ms │ runs │ time / us │ GFLOP/s │ error against float64 │
    ├────────┼─────────┼───────────┼──────┼───────────┼─────────┼───────────────────────┤
    │ us     │       1 │         2 │   30 │         1 │       2 │                  1e-7 │
    ├────────┼─────────┼───────────┼──────┼───────────┼─────────┼───────────────────────┤
    │ us     │       2 │      1.25 │   30 │         1 │     3.2 │                  1e-7 │
    ├────────┼─────────┼───────────┼──────┼───────────┼─────────┼───────────────────────┤
    │ them   │       1 │         5 │    3 │       2.5 │     0.8 │                  2e-6 │
    ├────────┼─────────┼───────────┼──────┼───────────┼─────────┼───────────────────────┤
    │ them   │       2 │         5 │    3 │         4 │     0.8 │                  2e-6 │
    ├────────┼─────────┼───────────┼──────┼───────────┼─────────┼───────────────────────┤
    │ bad    │       1 │ not timed │    0 │           │         │           WRONG, 5e-1 │
    └────────┴─────────┴───────────┴──────┴───────────┴─────────┴───────────────────────┘
    "
  `);
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkWritable, resultsOf, writeResults } from "./results.ts";
import { type Engine, median, type Outcome, runSuite, type Suite } from "./suite.ts";
import { renderTables } from "./table.ts";

interface FakeCase {
  readonly name: string;
  readonly right: number;
}

const suite: Suite<FakeCase> = {
  name: "fake",
  cases: [
    { name: "first", right: 1 },
    { name: "second", right: 2 },
  ],
  check: ({ right }, outputs) => Math.abs(outputs["y"]![0]! - right) / right,
};

/** An engine whose n-th run of a case takes `times[n]` on a clock that only engines move. */
function fakes(): {
  readonly log: string[];
  readonly now: () => number;
  engine(name: string, takes: (run: number) => number, y?: number): Engine<FakeCase>;
} {
  const log: string[] = [];
  let clock = 0;
  return {
    log,
    now: () => clock,
    engine: (name, takes, y) => ({
      name,
      threads: 1,
      prepare({ right }) {
        let run = 0;
        return {
          run() {
            log.push(name);
            clock += takes(run++);
            return undefined;
          },
          outputs: () => ({ y: [y ?? right] }),
        };
      },
    }),
  };
}

const limits = { tolerance: 0.1 };
const oneCase: Suite<FakeCase> = { ...suite, cases: suite.cases.slice(0, 1) };

test("engines are warmed up one after another and then timed in turns", async () => {
  const { log, now, engine } = fakes();
  const engines = [engine("a", () => 1), engine("b", () => 1)];
  await runSuite(oneCase, engines, { ...limits, runs: 2, warmup: 2, now });
  const warmup = ["a", "a", "b", "b"];
  const turns = ["a", "a", "b", "b", "a", "a", "b", "b"];
  expect(log).toEqual([...warmup, ...turns]);
});

test("garbage is settled before every turn and progress is told after it", async () => {
  const { log, now, engine } = fakes();
  const settle = (): void => void log.push("settle");
  const onTurn = (caseName: string, name: string): void => void log.push(`${caseName} ${name}`);
  const engines = [engine("a", () => 1), engine("b", () => 1)];
  await runSuite(oneCase, engines, { ...limits, runs: 1, warmup: 0, now, settle, onTurn });
  expect(log).toEqual(["settle", "a", "a", "first a", "settle", "b", "b", "first b"]);
});

test("the median is of the timed runs alone, not of warm-up or the run before each", async () => {
  const { now, engine } = fakes();
  // Runs 0 and 1 warm up; then 2, 4, 6 are untimed and 3, 5, 7 timed.
  const times = [1000, 1000, 500, 7, 500, 90, 500, 5];
  const a = engine("a", (run) => times[run]!);
  const [outcome] = await runSuite(oneCase, [a], { ...limits, runs: 3, warmup: 2, now });
  expect(outcome).toMatchObject({ engine: "a", medianMs: 7, runs: 3, error: 0 });
});

test("an engine that keeps time elsewhere is believed", async () => {
  const remote: Engine<FakeCase> = {
    name: "remote",
    threads: 4,
    prepare: () => ({ run: async () => 2.5, outputs: () => null }),
  };
  const [outcome] = await runSuite(oneCase, [remote], { ...limits, runs: 2, now: () => 0 });
  expect(outcome).toMatchObject({ threads: 4, medianMs: 2.5, error: null });
});

test("an engine with wrong results is never run and has no time", async () => {
  const { log, now, engine } = fakes();
  const engines = [engine("right", () => 1), engine("wrong", () => 1, 1.5)];
  const outcomes = await runSuite(oneCase, engines, { ...limits, runs: 1, now });
  expect(outcomes[1]).toMatchObject({ engine: "wrong", medianMs: null, runs: 0, error: 0.5 });
  expect(log).not.toContain("wrong");
  expect(resultsOf(outcomes).map((result) => result.engine)).toEqual(["right"]);
});

test("an engine whose results are NaN is wrong", async () => {
  const { now, engine } = fakes();
  const outcomes = await runSuite(oneCase, [engine("a", () => 1, Number.NaN)], {
    ...limits,
    runs: 1,
    now,
  });
  expect(outcomes[0]!.medianMs).toBeNull();
});

test("an engine without a case is left out of that case only", async () => {
  const { now, engine } = fakes();
  const whole = engine("picky", () => 1);
  const picky: Engine<FakeCase> = {
    ...whole,
    prepare: (benchCase) => (benchCase.name === "first" ? null : whole.prepare(benchCase)),
  };
  const outcomes = await runSuite(suite, [picky], { ...limits, runs: 1, now });
  expect(outcomes.map((outcome) => outcome.case)).toEqual(["second"]);
});

test("what was prepared is released even when a run throws", async () => {
  let released = 0;
  const broken: Engine<FakeCase> = {
    name: "broken",
    threads: 1,
    prepare: () => ({
      run() {
        throw new Error("out of memory");
      },
      outputs: () => null,
      release: () => void released++,
    }),
  };
  await expect(runSuite(suite, [broken], { ...limits, runs: 1 })).rejects.toThrow("out of memory");
  expect(released).toBe(1);
});

test("the median of an even number of values is the mean of the middle two", () => {
  expect(median([10, 1, 2, 100])).toBe(6);
  expect(median([10, 9, 100])).toBe(10);
});

const outcomes: readonly Outcome[] = [
  { suite: "s", case: "c", engine: "us", threads: 1, runs: 3, medianMs: 2, error: 1e-7 },
  { suite: "s", case: "c", engine: "them", threads: 1, runs: 3, medianMs: 5, error: 2e-6 },
  { suite: "s", case: "c", engine: "bad", threads: 1, runs: 0, medianMs: null, error: 0.5 },
];

test("the file holds an array of suite, case, engine, threads, medianMs and runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const file = join(folder, "results.json");
    checkWritable(file);
    writeResults(file, outcomes);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([
      { suite: "s", case: "c", engine: "us", threads: 1, medianMs: 2, runs: 3 },
      { suite: "s", case: "c", engine: "them", threads: 1, medianMs: 5, runs: 3 },
    ]);
    expect(() => checkWritable(folder)).toThrow("It is a folder.");
    expect(() => checkWritable(join(folder, "missing", "results.json"))).toThrow(
      "--json: expected a file that can be written",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the table gives each time as a multiple of ours and marks wrong results", () => {
  expect(`\n${renderTables(outcomes, "us", false)}\n`).toMatchInlineSnapshot(`
    "
    c
    ┌────────┬─────────┬───────────┬───────────┬───────────────────────┐
    │ engine │ threads │ median ms │ time / us │ error against float64 │
    ├────────┼─────────┼───────────┼───────────┼───────────────────────┤
    │ us     │       1 │     2.000 │         1 │                  1e-7 │
    ├────────┼─────────┼───────────┼───────────┼───────────────────────┤
    │ them   │       1 │     5.000 │       2.5 │                  2e-6 │
    ├────────┼─────────┼───────────┼───────────┼───────────────────────┤
    │ bad    │       1 │ not timed │           │           WRONG, 5e-1 │
    └────────┴─────────┴───────────┴───────────┴───────────────────────┘
    "
  `);
});

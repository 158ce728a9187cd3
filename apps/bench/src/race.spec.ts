import { expect, test } from "vitest";
import { type Failure, type RaceOptions, runSuite } from "./race.ts";
import type { Engine, Suite } from "./suite.ts";

interface FakeCase {
  readonly name: string;
  readonly right: number;
  readonly repeat?: number;
  readonly engines?: readonly string[];
  readonly slow?: readonly string[];
  readonly compared?: readonly string[];
  readonly proof?: FakeCase;
}

const first: FakeCase = { name: "first", right: 1 };
const second: FakeCase = { name: "second", right: 2 };
const suiteOf = (...races: FakeCase[][]): Suite<FakeCase> => ({
  name: "fake",
  threads: [1],
  races,
});

/** An engine whose n-th run of a case takes `takes(n)` on a clock that only engines move. */
function fakes(): {
  readonly log: string[];
  readonly options: Omit<RaceOptions<FakeCase>, "runs">;
  engine(name: string, takes: (run: number) => number, y?: number): Engine<FakeCase>;
} {
  const log: string[] = [];
  let clock = 0;
  const now = (): number => clock;
  const reference = ({ right }: FakeCase): { y: number[] } => ({ y: [right] });
  return {
    log,
    options: { budgetMs: 1000, warmup: 2, tolerance: 0.1, reference, now },
    engine: (name, takes, y) => ({
      name,
      threads: 1,
      prepare({ right, name: caseName }) {
        let run = 0;
        return {
          run() {
            log.push(caseName === "first" ? name : `${name} ${caseName}`);
            clock += takes(run++);
            return undefined;
          },
          outputs: () => ({ y: [y ?? right] }),
        };
      },
    }),
  };
}

test("engines are warmed up one after another and then timed in turns", async () => {
  const { log, options, engine } = fakes();
  const engines = [engine("a", () => 1), engine("b", () => 1)];
  await runSuite(suiteOf([first]), engines, { ...options, runs: 2 });
  const warmup = ["a", "a", "b", "b"];
  const turns = ["a", "a", "b", "b", "a", "a", "b", "b"];
  expect(log).toEqual([...warmup, ...turns]);
});

test("cases of one race take turns with each other, those of another do not", async () => {
  const { log, options, engine } = fakes();
  const third = { name: "third", right: 3 };
  const races = suiteOf([first, second], [third]);
  await runSuite(races, [engine("a", () => 200)], { ...options, warmup: 1, runs: 2 });
  const together = ["a", "a second", "a", "a second", "a", "a second"];
  expect(log).toEqual([...together, "a third", "a third", "a third"]);
});

test("a slow engine makes three runs, spread over the rounds of the fast ones", async () => {
  const { log, options, engine } = fakes();
  const engines = [engine("fast", () => 150), engine("slow", () => 2000)];
  const outcomes = await runSuite(suiteOf([first]), engines, { ...options, warmup: 1, runs: 6 });
  expect(outcomes.map(({ runs }) => runs)).toEqual([6, 3]);
  const warmup = ["fast", "slow"];
  const round = ["fast", "fast", "slow"];
  expect(log).toEqual([...warmup, ...round, ...round, ...round]);
});

test("a budget holds the untimed runs too", async () => {
  const { options, engine } = fakes();
  const engines = [engine("a", () => 50)];
  const [outcome] = await runSuite(suiteOf([first]), engines, { ...options, runs: 30 });
  expect(outcome).toMatchObject({ runs: 10, medianMs: 50 });
});

test("garbage is settled before every turn and progress is told of it", async () => {
  const { log, options, engine } = fakes();
  const settle = (): void => void log.push("settle");
  const onTurn = (caseName: string, name: string): void => void log.push(`${caseName} ${name}`);
  const engines = [engine("a", () => 1), engine("b", () => 1)];
  const all = { ...options, runs: 1, warmup: 1, settle, onTurn };
  await runSuite(suiteOf([first]), engines, all);
  const prepared = ["first a", "first b"];
  const warm = ["first a", "a", "first b", "b"];
  const raced = ["first a", "settle", "a", "a", "first b", "settle", "b", "b"];
  expect(log).toEqual([...prepared, ...warm, ...raced]);
});

test("the median is of the timed runs alone, not of warm-up or the run before each", async () => {
  const { options, engine } = fakes();
  // Runs 0 and 1 warm up; then 2, 4, 6 are untimed and 3, 5, 7 timed.
  const times = [30, 2, 50, 7, 50, 90, 50, 5];
  const a = engine("a", (run) => times[run]!);
  const [outcome] = await runSuite(suiteOf([first]), [a], { ...options, runs: 3 });
  expect(outcome).toMatchObject({ engine: "a", medianMs: 7, runs: 3, error: 0 });
});

test("a case that repeats its step is given the time of one", async () => {
  const { options, engine } = fakes();
  const repeated = { ...first, repeat: 10 };
  const a = engine("a", () => 50);
  const [outcome] = await runSuite(suiteOf([repeated]), [a], { ...options, runs: 1 });
  expect(outcome).toMatchObject({ medianMs: 5, runs: 1 });
});

test("an engine that keeps time elsewhere is believed", async () => {
  const { options } = fakes();
  const remote: Engine<FakeCase> = {
    name: "remote",
    threads: 4,
    prepare: () => ({ run: async () => 2.5, outputs: () => null }),
  };
  const [outcome] = await runSuite(suiteOf([first]), [remote], { ...options, runs: 2 });
  expect(outcome).toMatchObject({ threads: 4, medianMs: 2.5, error: null });
});

test("an engine with wrong results is never run and has no time", async () => {
  const { log, options, engine } = fakes();
  const engines = [engine("right", () => 1), engine("wrong", () => 1, 1.5)];
  const outcomes = await runSuite(suiteOf([first]), engines, { ...options, runs: 1 });
  expect(outcomes[1]).toMatchObject({ engine: "wrong", medianMs: null, runs: 0, error: 0.5 });
  expect(log).not.toContain("wrong");
});

test("an engine whose results are NaN is wrong", async () => {
  const { options, engine } = fakes();
  const engines = [engine("a", () => 1, Number.NaN)];
  const outcomes = await runSuite(suiteOf([first]), engines, { ...options, runs: 1 });
  expect(outcomes[0]!.medianMs).toBeNull();
});

test("an engine without a case is left out of that case only", async () => {
  const { options, engine } = fakes();
  const whole = engine("picky", () => 1);
  const picky: Engine<FakeCase> = {
    ...whole,
    prepare: (benchCase) => (benchCase.name === "first" ? null : whole.prepare(benchCase)),
  };
  const cases = suiteOf([first, second], [{ name: "third", right: 3, engines: ["other"] }]);
  const outcomes = await runSuite(cases, [picky], { ...options, runs: 1 });
  expect(outcomes.map((outcome) => outcome.case)).toEqual(["second"]);
});

test("an engine that is slow on a case runs it only with patience", async () => {
  const { options, engine } = fakes();
  const suite = suiteOf([{ ...first, slow: ["snail"] }]);
  const run = { ...options, runs: 1 };
  expect(await runSuite(suite, [engine("snail", () => 1)], run)).toEqual([]);
  const outcomes = await runSuite(suite, [engine("snail", () => 1)], { ...run, patient: true });
  expect(outcomes).toHaveLength(1);
});

test("an engine that fails a case's proof is wrong, however right it is on the case", async () => {
  const { log, options, engine } = fakes();
  const proof = { name: "proof", right: 1.5 };
  const proven = { ...first, proof };
  const run = { ...options, runs: 1 };
  const [failed] = await runSuite(suiteOf([proven]), [engine("a", () => 1, 1)], run);
  expect(failed).toMatchObject({ case: "first", medianMs: null, runs: 0 });
  expect(log).toEqual([]);
  const [passed] = await runSuite(suiteOf([proven]), [engine("a", () => 1)], run);
  expect(passed).toMatchObject({ case: "first", runs: 1, error: 0 });
});

test("only the outputs that a case names are compared", async () => {
  const { options, engine } = fakes();
  const reference = () => ({ y: [1], jumps: [100] });
  const run = { ...options, reference, runs: 1 };
  const of = async (benchCase: FakeCase): Promise<number | null> =>
    (await runSuite(suiteOf([benchCase]), [engine("a", () => 1)], run))[0]!.error;
  expect(await of({ ...first, compared: ["y"] })).toBe(0);
  expect(await of(first)).toBe(Number.POSITIVE_INFINITY);
});

test("what was prepared is released even when a run throws", async () => {
  const { options } = fakes();
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
  const run = runSuite(suiteOf([first]), [broken], { ...options, runs: 1 });
  await expect(run).rejects.toThrow("out of memory");
  expect(released).toBe(1);
});

test("an engine that throws ends the races, unless somebody takes its failures", async () => {
  const { options, engine, log } = fakes();
  const broken = engine("broken", () => {
    throw new Error("no memory");
  });
  const engines = [broken, engine("sound", () => 1)];
  const race = { ...options, runs: 2 };
  await expect(runSuite(suiteOf([first]), engines, race)).rejects.toThrow("no memory");
  expect(log).toEqual(["broken"]);

  const failures: Failure[] = [];
  const told = { ...race, onFailure: (failure: Failure) => failures.push(failure) };
  const outcomes = await runSuite(suiteOf([first]), engines, told);
  expect(failures).toEqual([{ case: "first", engine: "broken", error: new Error("no memory") }]);
  expect(outcomes.map(({ engine: name, runs }) => [name, runs])).toEqual([["sound", 2]]);
});

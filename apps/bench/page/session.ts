import type { BenchCase } from "../src/case.ts";
import { type Failure, runSuite } from "../src/race.ts";
import type { Engine, Outcome, Outputs } from "../src/suite.ts";
import type { PageCase } from "./cases.ts";

export interface SessionOptions {
  readonly cases: readonly PageCase[];
  readonly engines: readonly Engine<BenchCase>[];
  /** Timed runs of each engine on each case, where the budget has room for them. */
  readonly runs: number;
  /** For the runs of one engine on one case. */
  readonly budgetMs: number;
  /** What the results of a case are compared with. */
  readonly reference: (benchCase: BenchCase) => Outputs;
  readonly tolerance: number;
  readonly signal: AbortSignal;
  /** How much is done, of 1, and what is next. */
  onProgress(done: number, next: string): void;
  /** The rows of a case, when it has ended. */
  onRows(rows: readonly Row[]): void;
}

/** What came of one engine on one case. */
export type Row = Timed | Refused;

export interface Timed extends Outcome {
  readonly medianMs: number;
}

/** No time is taken of an engine that is wrong or breaks down. */
export interface Refused {
  readonly suite: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly reason: string;
}

/** Races the engines on one case after the other; between two turns the page gets time of its own. */
export async function runSession(options: SessionOptions): Promise<void> {
  const { cases, signal, onProgress, onRows } = options;
  for (const [i, pageCase] of cases.entries()) {
    if (signal.aborted) return;
    const progress = (part: number, next: string): void =>
      onProgress((i + part) / cases.length, next);
    onRows(await runCase(pageCase, options, progress));
  }
  if (!signal.aborted) onProgress(1, "");
}

async function runCase(
  pageCase: PageCase,
  { engines, runs, budgetMs, reference, tolerance, signal }: SessionOptions,
  onProgress: (part: number, next: string) => void,
): Promise<Row[]> {
  const { suite, name } = pageCase;
  onProgress(0, `${name}: drawing its numbers`);
  await pause();
  const failures: Failure[] = [];
  // Each is prepared, warmed up and then timed, unless the budget ends that before.
  const turns = engines.length * (2 + runs);
  let turn = 0;
  const outcomes = await runSuite(
    { name: suite, threads: [1], races: [[pageCase.make()]] },
    engines,
    {
      runs,
      budgetMs,
      reference,
      tolerance,
      signal,
      patient: true,
      onFailure: (failure) => failures.push(failure),
      onTurn(caseName, engine) {
        onProgress(Math.min(1, turn++ / turns), `${caseName}: ${engine}`);
        return pause();
      },
    },
  );
  const threadsOf = (engine: string): number =>
    engines.find((one) => one.name === engine)?.threads ?? 1;
  const broken = failures.map(({ engine, error }) => {
    return { suite, case: name, engine, threads: threadsOf(engine), reason: said(error) };
  });
  return inOrder([...outcomes.map((one) => judged(one, tolerance)), ...broken], engines);
}

function judged(outcome: Outcome, tolerance: number): Row {
  const { medianMs, error } = outcome;
  if (medianMs !== null) return { ...outcome, medianMs };
  const { suite, case: name, engine, threads } = outcome;
  const off = error === null ? "" : Number(error.toPrecision(2));
  const reason = `wrong: ${off} off, of the largest value; ${tolerance} is allowed`;
  return { suite, case: name, engine, threads, reason };
}

function inOrder(rows: readonly Row[], engines: readonly Engine<BenchCase>[]): Row[] {
  return engines.flatMap(({ name }) => rows.filter(({ engine }) => engine === name));
}

/** An error in one line. */
export function said(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!.trim() || "it broke down without a word";
}

/** Lets the page paint, and take a click on Stop. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

import { relativeError } from "./case.ts";
import { affordableRuns, median, runsInRound } from "./stats.ts";
import type { AnyCase, Engine, Outcome, Outputs, Prepared, Suite } from "./suite.ts";

export interface RaceOptions<Case> {
  /** Timed runs of each engine on each case, where the budget has room for them. */
  readonly runs: number;
  /** Time for the runs of one engine on one case; three runs are made however long they take. */
  readonly budgetMs: number;
  /** Untimed runs of each engine before the first timed one, as far as a quarter of the budget goes. */
  readonly warmup?: number;
  /** Run slow engines, too. Default false. */
  readonly patient?: boolean;
  /** What is right, in float64. */
  readonly reference: (benchCase: Case) => Outputs;
  /** Results further from the reference than this are wrong. */
  readonly tolerance: number;
  readonly now?: () => number;
  /** Before every turn, untimed: one engine's garbage must not be collected on another's time. */
  readonly settle?: () => void;
  /** A case and an engine about to be prepared or run; waited for. */
  readonly onTurn?: (caseName: string, engine: string) => void | Promise<void>;
  /** Takes what an engine throws, which then leaves the race of a case; without it all races end. */
  readonly onFailure?: (failure: Failure) => void;
  /** Ends the races between two turns; what was timed by then counts. */
  readonly signal?: AbortSignal;
}

/** An engine that broke down on a case. */
export interface Failure {
  readonly case: string;
  readonly engine: string;
  readonly error: unknown;
}

/** A run this long brings its data into the caches itself. */
const longRunMs = 100;
/** A check this long has warmed up all there is. */
const longCheckMs = 5000;
const clock = (): number => performance.now();

interface Contestant {
  readonly benchCase: AnyCase;
  readonly engine: string;
  readonly threads: number;
  readonly prepared: Prepared;
  readonly error: number | null;
  readonly wrong: boolean;
  /** How long the check took, its results' way here included. */
  readonly checkMs: number;
  readonly times: number[];
  failed: boolean;
}

/**
 * Races every case of a suite on every engine in turns: A, B, C, A, B, C, … so that whatever else
 * the machine does falls on all alike. A turn is one untimed run, which brings the engine's data
 * back into the caches, and one timed run.
 */
export async function runSuite<Case extends AnyCase>(
  suite: Suite<Case>,
  engines: readonly Engine<Case>[],
  options: RaceOptions<Case>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const cases of suite.races) {
    const contestants: Contestant[] = [];
    try {
      for (const benchCase of cases) {
        await prepareAll(benchCase, engines, options, contestants);
      }
      await race(contestants, options);
    } finally {
      for (const one of contestants) await attempt(one, options, () => one.prepared.release?.());
    }
    for (const { benchCase, engine, threads, error, wrong, times, failed } of contestants) {
      if (failed || (!wrong && times.length === 0)) continue;
      const medianMs = wrong ? null : median(times);
      const at = { suite: suite.name, case: benchCase.name };
      outcomes.push({ ...at, engine, threads, runs: times.length, medianMs, error });
    }
  }
  return outcomes;
}

async function prepareAll<Case extends AnyCase>(
  benchCase: Case,
  engines: readonly Engine<Case>[],
  options: RaceOptions<Case>,
  into: Contestant[],
): Promise<void> {
  const { patient = false, onTurn, signal } = options;
  const errorOf = judge(options.reference);
  for (const engine of engines) {
    const { name } = engine;
    if (benchCase.engines?.includes(name) === false) continue;
    if (benchCase.slow?.includes(name) && !patient) continue;
    if (signal?.aborted) return;
    await onTurn?.(benchCase.name, name);
    await attempt({ benchCase, engine: name, failed: false }, options, async () => {
      const contestant = await check(benchCase, engine, options, errorOf);
      if (contestant !== null) into.push(contestant);
    });
  }
}

/** Makes an engine ready for a case, and compares what it computes with what is right. */
async function check<Case extends AnyCase>(
  benchCase: Case,
  { name, threads, prepare }: Engine<Case>,
  { tolerance, now = clock }: RaceOptions<Case>,
  errorOf: ErrorOf<Case>,
): Promise<Contestant | null> {
  const prepared = await prepare(benchCase);
  if (prepared === null) return null;
  const start = now();
  const outputs = await prepared.outputs();
  const checkMs = now() - start;
  let error = errorOf(benchCase, outputs);
  const proof = benchCase.proof as Case | undefined;
  if (proof !== undefined) error = worse(error, await prove(proof, prepare, errorOf));
  // Written so that NaN, which compares as false, counts as wrong.
  const wrong = error !== null && !(error <= tolerance);
  const at = { benchCase, engine: name, threads, prepared };
  return { ...at, error, wrong, checkMs, times: [], failed: false };
}

/** Does a part of an engine's race; where failures are told, one ends no more than that. */
async function attempt(
  one: Pick<Contestant, "benchCase" | "engine" | "failed">,
  { onFailure }: Pick<RaceOptions<never>, "onFailure">,
  part: () => unknown,
): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (onFailure === undefined) throw error;
    if (!one.failed) onFailure({ case: one.benchCase.name, engine: one.engine, error });
    one.failed = true;
  }
}

type ErrorOf<Case> = (benchCase: Case, outputs: Outputs | null) => number | null;

/** Compares what engines compute of a case with what is right, which is computed once. */
function judge<Case extends AnyCase>(reference: (benchCase: Case) => Outputs): ErrorOf<Case> {
  const known = new Map<Case, Outputs>();
  return (benchCase, outputs) => {
    if (outputs === null) return null;
    const all = known.get(benchCase) ?? reference(benchCase);
    known.set(benchCase, all);
    const { compared } = benchCase;
    const names = compared ?? Object.keys(all);
    return relativeError(outputs, Object.fromEntries(names.map((name) => [name, all[name]!])));
  };
}

async function prove<Case>(
  proof: Case,
  prepare: Engine<Case>["prepare"],
  errorOf: ErrorOf<Case>,
): Promise<number> {
  const prepared = await prepare(proof);
  try {
    const error = prepared && errorOf(proof, await prepared.outputs());
    return error ?? Number.POSITIVE_INFINITY;
  } finally {
    await prepared?.release?.();
  }
}

/** Math.max hands NaN on. */
function worse(a: number | null, b: number): number {
  return a === null ? b : Math.max(a, b);
}

async function race<Case>(
  contestants: readonly Contestant[],
  options: RaceOptions<Case>,
): Promise<void> {
  const { now = clock, settle, onTurn, signal } = options;
  const entered: { contestant: Contestant; brisk: boolean; runs: number }[] = [];
  for (const contestant of contestants) {
    if (contestant.wrong || signal?.aborted) continue;
    await onTurn?.(contestant.benchCase.name, contestant.engine);
    await attempt(contestant, options, async () => {
      const ms = await warmUp(contestant, options, now);
      const brisk = ms < longRunMs;
      const runs = affordableRuns(brisk ? 2 * ms : ms, options.budgetMs, options.runs);
      entered.push({ contestant, brisk, runs });
    });
  }
  const rounds = Math.max(0, ...entered.map(({ runs }) => runs));
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, brisk, runs } of entered) {
      if (signal?.aborted) return;
      if (contestant.failed || !runsInRound(runs, round, rounds)) continue;
      const { benchCase, engine, prepared, times } = contestant;
      await onTurn?.(benchCase.name, engine);
      settle?.();
      await attempt(contestant, options, async () => {
        if (brisk) await prepared.run();
        times.push((await timed(prepared, now)) / (benchCase.repeat ?? 1));
      });
    }
  }
}

/** Compiles and warms what is compiled and warmed by use. About how many milliseconds a run takes. */
async function warmUp<Case>(
  { prepared, checkMs }: Contestant,
  { warmup = 5, budgetMs }: RaceOptions<Case>,
  now: () => number,
): Promise<number> {
  if (checkMs > longCheckMs) return checkMs;
  let last = await timed(prepared, now);
  let spent = last;
  for (let i = 1; i < warmup && spent + last <= budgetMs / 4; i++) {
    last = await timed(prepared, now);
    spent += last;
  }
  return last;
}

async function timed(prepared: Prepared, now: () => number): Promise<number> {
  const start = now();
  const measured = await prepared.run();
  return measured ?? now() - start;
}

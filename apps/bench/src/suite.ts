/** Outputs of one step by name, flat, in the order the suite's reference has them. */
export type Outputs = Readonly<Record<string, ArrayLike<number>>>;

type MaybePromise<T> = T | Promise<T>;

/** One engine made ready for one case: inputs are in its memory, in its layout. */
export interface Prepared {
  /** One step. An engine that keeps time elsewhere returns the milliseconds it measured. */
  run(): MaybePromise<number | undefined>;
  /** What the step computes, for the check; null where there is nothing to compare. */
  outputs(): MaybePromise<Outputs | null>;
  release?(): MaybePromise<void>;
}

export interface Engine<Case> {
  readonly name: string;
  readonly threads: number;
  /** null: this engine has no such case. */
  prepare(benchCase: Case): MaybePromise<Prepared | null>;
  stop?(): void;
}

export interface Suite<Case extends { readonly name: string }> {
  readonly name: string;
  readonly cases: readonly Case[];
  /** The largest relative difference from the reference. */
  check(benchCase: Case, outputs: Outputs): number;
}

/** What came of one engine on one case. No time is taken of an engine whose results are wrong. */
export interface Outcome {
  readonly suite: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly runs: number;
  /** null: not timed, because `error` is above the tolerance. */
  readonly medianMs: number | null;
  /** Largest relative difference from the reference; null where there is nothing to compare. */
  readonly error: number | null;
}

export interface RunOptions {
  readonly runs: number;
  /** Untimed runs of each engine before the first timed one. */
  readonly warmup?: number;
  /** Results further from the reference than this are wrong. */
  readonly tolerance: number;
  readonly now?: () => number;
  /** Before every turn, untimed: one engine's garbage must not be collected on another's time. */
  readonly settle?: () => void;
  readonly onTurn?: (caseName: string, engine: string) => void;
}

interface Contestant {
  readonly name: string;
  readonly threads: number;
  readonly prepared: Prepared;
  readonly error: number | null;
  readonly wrong: boolean;
  readonly times: number[];
}

/**
 * Runs every case on every engine in turns: A, B, C, A, B, C, … so that whatever else the machine
 * does falls on all alike. A turn is one untimed run, which brings the engine's data back into the
 * caches, and one timed run.
 */
export async function runSuite<Case extends { readonly name: string }>(
  suite: Suite<Case>,
  engines: readonly Engine<Case>[],
  options: RunOptions,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const benchCase of suite.cases) {
    const contestants = await prepareAll(suite, benchCase, engines, options.tolerance);
    try {
      await race(benchCase.name, contestants, options);
    } finally {
      for (const { prepared } of contestants) await prepared.release?.();
    }
    for (const { name, threads, error, wrong, times } of contestants) {
      const medianMs = wrong ? null : median(times);
      const runs = times.length;
      const at = { suite: suite.name, case: benchCase.name };
      outcomes.push({ ...at, engine: name, threads, runs, medianMs, error });
    }
  }
  return outcomes;
}

async function prepareAll<Case extends { readonly name: string }>(
  suite: Suite<Case>,
  benchCase: Case,
  engines: readonly Engine<Case>[],
  tolerance: number,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const engine of engines) {
    const prepared = await engine.prepare(benchCase);
    if (prepared === null) continue;
    const outputs = await prepared.outputs();
    const error = outputs === null ? null : suite.check(benchCase, outputs);
    // Written so that NaN, which compares as false, counts as wrong.
    const wrong = error !== null && !(error <= tolerance);
    const { name, threads } = engine;
    contestants.push({ name, threads, prepared, error, wrong, times: [] });
  }
  return contestants;
}

async function race(
  caseName: string,
  contestants: readonly Contestant[],
  options: RunOptions,
): Promise<void> {
  const { runs, warmup = 5, now = () => performance.now(), settle, onTurn } = options;
  const right = contestants.filter((contestant) => !contestant.wrong);
  for (const { prepared } of right) {
    for (let i = 0; i < warmup; i++) await prepared.run();
  }
  for (let turn = 0; turn < runs; turn++) {
    for (const { name, prepared, times } of right) {
      settle?.();
      await prepared.run();
      const start = now();
      const measured = await prepared.run();
      times.push(measured ?? now() - start);
      onTurn?.(caseName, name);
    }
  }
}

/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

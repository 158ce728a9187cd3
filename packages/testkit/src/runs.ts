import { type Backend, fail, OptionError, show } from "@evenkeel/autodiff";
import fc, { type Arbitrary, type Parameters, type RunDetails } from "fast-check";

const DEFAULT_RUNS = 50;
const DEFAULT_SEED = 20_261_120;

/** FC_RUNS or FC_SEED of the environment, where there is one: a browser has none. */
function setting(name: string, fallback: number): number {
  const host = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const text = host.process?.env?.[name];
  if (!text) return fallback;
  const value = Number(text);
  if (Number.isInteger(value)) return value;
  return fail({ where: name, expected: "a whole number", got: show(text) }, OptionError);
}

/**
 * How properties run: 50 times from a fixed seed, or as FC_RUNS and FC_SEED say.
 *
 * @param share - The part of the runs that a costly property gets, at least three. Default 1.
 */
export function runs(share = 1): Parameters<unknown> {
  const numRuns = Math.max(3, Math.round(setting("FC_RUNS", DEFAULT_RUNS) * share));
  return { numRuns, seed: setting("FC_SEED", DEFAULT_SEED) };
}

/**
 * Runs `check` on samples of an arbitrary; a failure shows the smallest counterexample, what went
 * wrong with it, and the seed to see it again.
 *
 * @param share - See `runs`.
 */
export function forAll<T>(samples: Arbitrary<T>, check: (sample: T) => void, share = 1): void {
  report(fc.check(fc.property(samples, check), runs(share)));
}

/**
 * `forAll` of a check of a backend: where its memory is out of the process, `check` returns a Promise, and the same
 * samples wait for each other.
 */
export function forAllOn<T>(
  { inProcess }: Backend,
  samples: Arbitrary<T>,
  check: (sample: T) => void | Promise<void>,
  share = 1,
): void | Promise<void> {
  if (inProcess) return forAll(samples, (sample) => void check(sample), share);
  const awaited = fc.asyncProperty(samples, async (sample) => check(sample));
  return fc.check(awaited, runs(share)).then(report);
}

/** Throws what a failed run found. */
function report(details: RunDetails<unknown>): void {
  if (!details.failed) return;
  const { counterexample, errorInstance, seed, counterexamplePath, numRuns, numShrinks } = details;
  if (!isSample(counterexample)) throw new Error(fc.defaultReportMessage(details) ?? "no runs");
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    `${reason}\n  for ${fc.stringify(counterexample[0])}\n` +
      `  (run ${numRuns}, shrunk ${numShrinks} times; FC_SEED=${seed}, path ${counterexamplePath})`,
    { cause: errorInstance },
  );
}

/** A property run out of samples has no counterexample. */
function isSample(value: unknown): value is readonly [unknown] {
  return Array.isArray(value);
}

import { checkOptions, count, nonNegative, type OptionRules } from "@evenkeel/norm-core";

/** From the number of a step (from 0) to the factor by which the learning rate is multiplied. */
export type Schedule = (step: number) => number;

export interface CosineOptions {
  /** Steps from the first to the last factor; after them the last one stays. */
  readonly steps: number;
  /** The last factor. Default 0. */
  readonly final?: number;
}
const cosineRules: OptionRules<CosineOptions> = { steps: count(), final: nonNegative(0) };

/**
 * Half a cosine wave from 1 down to `final`: final + (1 − final)·(1 + cos(π·step / steps)) / 2.
 *
 * @example
 * const schedule = warmup(cosineSchedule({ steps: 900 }), { steps: 100 });
 * optimizer.lr = 0.1 * schedule(step);
 */
export function cosineSchedule(options: CosineOptions): Schedule {
  const { steps, final } = checkOptions("cosineSchedule", options, cosineRules);
  return (step) =>
    final + ((1 - final) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

export interface StepOptions {
  /** A step count after which the factor falls, again and again, or a list of the steps where it does. */
  readonly every: number | readonly number[];
  /** What it is multiplied by each time. Default 0.1. */
  readonly gamma?: number;
}
const stepRules: OptionRules<StepOptions> = {
  every: {
    expected: "a whole number >= 1 or a list of them",
    legal: (v) => (Array.isArray(v) ? v : [v]).every((n) => Number.isInteger(n) && n > 0),
  },
  gamma: nonNegative(0.1),
};

/**
 * Falls by `gamma` every so many steps, or at the steps listed.
 *
 * @example
 * stepSchedule({ every: [60, 80] })(70); // 0.1
 */
export function stepSchedule(options: StepOptions): Schedule {
  const { every, gamma } = checkOptions("stepSchedule", options, stepRules);
  const falls = (step: number): number =>
    typeof every === "number"
      ? Math.floor(step / every)
      : every.filter((milestone) => step >= milestone).length;
  return (step) => gamma ** falls(step);
}

export interface WarmupOptions {
  /** Steps that the climb takes. */
  readonly steps: number;
  /** The first factor. Default 0. */
  readonly start?: number;
}
const warmupRules: OptionRules<WarmupOptions> = { steps: count(), start: nonNegative(0) };

/**
 * A straight climb from `start` to the schedule's first factor, and then the schedule from its own
 * step 0.
 *
 * @param schedule - Default: 1 for ever.
 */
export function warmup(schedule: Schedule | undefined, options: WarmupOptions): Schedule {
  const { steps, start } = checkOptions("warmup", options, warmupRules);
  const then = schedule ?? (() => 1);
  return (step) =>
    step < steps ? (start + ((1 - start) * step) / steps) * then(0) : then(step - steps);
}

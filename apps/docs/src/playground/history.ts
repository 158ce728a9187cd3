import type { Measured } from "./measure.ts";
import type { Report } from "./protocol.ts";
import type { Status } from "./run.ts";
import type { Settings, Trouble } from "./settings.ts";

/** A place on a curve. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** All that is known of one norm's training. */
export interface NormHistory {
  readonly norm: string;
  readonly status: Status;
  readonly trouble: Trouble | undefined;
  /** One for every step, from step 1. */
  readonly losses: readonly number[];
  /** Their running mean over the latest steps. */
  readonly smooth: readonly number[];
  readonly accuracies: readonly Point[];
  readonly msPerStep: number;
}

/** What was reported of a session so far. */
export interface History {
  readonly settings: Settings;
  readonly step: number;
  readonly rate: number;
  readonly norms: readonly NormHistory[];
  readonly measured: readonly Measured[];
}

/** Before anything was reported. */
export function emptyHistory(settings: Settings): History {
  const norms = settings.norms.map(
    (norm): NormHistory => ({
      norm,
      status: "training",
      trouble: undefined,
      losses: [],
      smooth: [],
      accuracies: [],
      msPerStep: Number.NaN,
    }),
  );
  return { settings, step: 0, rate: Number.NaN, norms, measured: [] };
}

/** The history with what a report adds; lists of numbers grow in place. */
export function withReport(history: History, report: Report): History {
  const { settings } = history;
  const norms = history.norms.map((known, i): NormHistory => {
    const { losses, accuracies, ...now } = report.runs[i]!;
    const places = accuracies.map(({ step, accuracy }) => ({ step, value: accuracy }));
    (known.losses as number[]).push(...losses);
    smoothOn(known.smooth as number[], known.losses, smoothing(settings.steps));
    return { ...known, ...now, accuracies: [...known.accuracies, ...places] };
  });
  const { step, rate, measured = history.measured } = report;
  return { settings, step, rate, norms, measured };
}

/** Weight of a new loss in the running mean: a fortieth of all steps is what one sees at a time. */
function smoothing(steps: number): number {
  return 1 / Math.max(5, steps / 40);
}

/** Goes on with the mean; the first losses are weighed alike, so that it does not start from 0. */
function smoothOn(smooth: number[], losses: readonly number[], weight: number): void {
  for (let i = smooth.length; i < losses.length; i++) {
    const before = smooth[i - 1] ?? losses[i]!;
    smooth.push(before + Math.max(weight, 1 / (i + 1)) * (losses[i]! - before));
  }
}

/** Some of the places of a curve and its last: which ones changes only when the curve has doubled. */
export function thinned(values: readonly number[], most: number): Point[] {
  let every = 1;
  while (values.length > every * most) every *= 2;
  const points: Point[] = [];
  for (let i = 0; i < values.length; i++) {
    const last = i === values.length - 1;
    if ((i + 1) % every === 0 || i === 0 || last) points.push({ step: i + 1, value: values[i]! });
  }
  return points;
}

/** Where the axis of steps ends: it stands still while the curves move, but for a few doublings. */
export function stepsShown({ step, settings: { steps } }: History): number {
  let shown = 50;
  while (shown < step) shown *= 2;
  return Math.min(shown, steps);
}

/**
 * The range of an axis of losses. On a linear one a curve that flies away leaves the frame, and the others stay
 * readable.
 */
export function lossRange(
  norms: readonly NormHistory[],
  scale: "linear" | "log",
): [number, number] {
  const all = norms.flatMap(({ smooth }) => thinned(smooth, 200).map(({ value }) => value));
  const values = all.filter((value) => value > 0);
  if (values.length === 0) return scale === "log" ? [0.1, 10] : [0, 1];
  const highest = Math.max(...values);
  if (scale === "log") return [Math.max(1e-6, Math.min(...values) / 1.5), highest * 1.2];
  const first = Math.max(...norms.map(({ losses }) => losses[0] ?? 0));
  return [0, 1.08 * Math.min(highest, 1.6 * first)];
}

/** Heights moved apart to `gap` at least, as little as need be, in their order; all between 0 and `end`. */
export function apart(heights: readonly number[], gap: number, end: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const placed = [...heights];
  let floor = 0;
  for (const i of order) {
    placed[i] = Math.max(placed[i]!, floor);
    floor = placed[i]! + gap;
  }
  let ceiling = end;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i]!, ceiling);
    ceiling = placed[i]! - gap;
  }
  return placed;
}

/** The latest accuracy; undefined before the first. */
export function latestAccuracy({ accuracies }: NormHistory): number | undefined {
  return accuracies.at(-1)?.value;
}

/** What a reader of screens hears now and then. */
export function summary(history: History, labelOf: (id: string) => string): string {
  const { step, settings, norms } = history;
  const each = norms.map((norm) => {
    const loss = norm.smooth.at(-1);
    const accuracy = latestAccuracy(norm);
    const parts = [
      ...(norm.status === "training" ? [] : [`${norm.status} at step ${norm.losses.length + 1}`]),
      ...(loss === undefined ? [] : [`loss ${loss.toPrecision(2)}`]),
      ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
    ];
    return `${labelOf(norm.norm)}: ${parts.join(", ") || "no step yet"}.`;
  });
  return [`Step ${step} of ${settings.steps}.`, ...each].join(" ");
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

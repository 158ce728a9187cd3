import type { NdArray } from "@evenkeel/testkit";

type Arrays = Readonly<Record<string, NdArray>>;

/** What a reference returns. */
export interface Result {
  readonly output: NdArray;
  readonly state: Arrays;
}

/** Of the values of one channel. */
export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Biased. */
  readonly variance: number;
}

export function channelsOf(x: NdArray): {
  readonly samples: number;
  readonly channels: number;
  readonly space: number;
} {
  const [samples, channels] = x.shape as [number, number];
  return { samples, channels, space: x.data.length / (samples * channels) };
}

/** Statistics of a channel over some samples; default all. */
export function valuesOf(x: NdArray, channel: number, rows?: readonly number[]): Statistics {
  const { samples, channels, space } = channelsOf(x);
  const values: number[] = [];
  for (const n of rows ?? Array(samples).keys()) {
    for (let s = 0; s < space; s++) values.push(x.data[(n * channels + channel) * space + s]!);
  }
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { count: values.length, mean, variance };
}

/** Every channel of x by a mean and a variance of its own, then the affine. */
export function normalizeBy(
  x: NdArray,
  params: Arrays,
  eps: number,
  statistics: readonly { readonly mean: number; readonly variance: number }[],
): NdArray {
  const { space, channels } = channelsOf(x);
  const data = x.data.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const { mean, variance } = statistics[c]!;
    const standard = (v - mean) / Math.sqrt(variance + eps);
    return (params["weight"]?.data[c] ?? 1) * standard + (params["bias"]?.data[c] ?? 0);
  });
  return { shape: x.shape, data };
}

/** Running statistics after one more batch, of one row where they have several. */
export function moved(
  state: Arrays,
  statistics: readonly Statistics[],
  {
    momentum = 0.1,
    unbiasedRunningVar = true,
  }: { readonly momentum?: number | null; readonly unbiasedRunningVar?: boolean },
  row = 0,
): Arrays {
  if (!state["runningMean"]) return state;
  const next = copied(state);
  const batches = (state["numBatchesTracked"]?.data[row] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;
  statistics.forEach(({ count, mean, variance }, c) => {
    const entry = row * statistics.length + c;
    const spread = unbiasedRunningVar ? (variance * count) / (count - 1) : variance;
    next["runningMean"]!.data[entry]! += share * (mean - next["runningMean"]!.data[entry]!);
    next["runningVar"]!.data[entry]! += share * (spread - next["runningVar"]!.data[entry]!);
  });
  next["numBatchesTracked"]!.data[row] = batches;
  return next;
}

/** Running statistics of every channel. */
export function runningOf(state: Arrays): { readonly mean: number; readonly variance: number }[] {
  const { runningMean, runningVar } = state;
  return Array.from(runningMean!.data, (mean, c) => ({ mean, variance: runningVar!.data[c]! }));
}

function copied(state: Arrays): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
}

/** Statistics of every channel over the whole batch. */
export function eachChannel(x: NdArray): readonly Statistics[] {
  return Array.from({ length: channelsOf(x).channels }, (_, c) => valuesOf(x, c));
}

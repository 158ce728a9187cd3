import type { BatchOptions, Mode } from "@evenkeel/norm-core";
import type { NdArray } from "@evenkeel/testkit";

type Arrays = Readonly<Record<string, NdArray>>;

/** What all references here are given, whatever they are told besides. */
export interface BatchCall {
  readonly x: NdArray;
  readonly params: Arrays;
  readonly state: Arrays;
  readonly mode: Mode;
  readonly options: BatchOptions;
}

/** Mean, biased and stored variance of some numbers. */
export interface Statistics {
  readonly mean: number;
  readonly variance: number;
  readonly stored: number;
}

/** Ioffe and Szegedy's batch norm on [N, C, …space] in float64, with PyTorch's running statistics. */
export function batchReference(call: BatchCall): {
  readonly output: NdArray;
  readonly state: Arrays;
} {
  const { x, mode, state } = call;
  const byRunning = mode.statistics === "running" && state["runningMean"] !== undefined;
  const output = new Float64Array(x.data.length);
  const batch: Statistics[] = [];
  for (let c = 0; c < x.shape[1]!; c++) {
    const at = positionsOf(x.shape, c);
    const own = statisticsOf(
      at.map((i) => x.data[i]!),
      call.options,
    );
    batch.push(own);
    const by = byRunning ? runningOf(state, c) : own;
    for (const i of at) output[i] = standardized(call, c, by, x.data[i]!);
  }
  return { output: { shape: x.shape, data: output }, state: nextState(call, batch) };
}

/** Where channel c of some samples lies in memory; of all by default. */
export function positionsOf(
  shape: readonly number[],
  c: number,
  samples: readonly number[] = Array.from({ length: shape[0]! }, (_, n) => n),
): number[] {
  const space = shape.slice(2).reduce((product, n) => product * n, 1);
  return samples.flatMap((n) =>
    Array.from({ length: space }, (_, s) => (n * shape[1]! + c) * space + s),
  );
}

export function statisticsOf(
  numbers: readonly number[],
  { unbiasedRunningVar = true }: BatchOptions,
): Statistics {
  const n = numbers.length;
  const mean = numbers.reduce((sum, v) => sum + v, 0) / n;
  const m2 = numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, variance: m2 / n, stored: unbiasedRunningVar ? m2 / (n - 1) : m2 / n };
}

function runningOf(state: Arrays, c: number): Statistics {
  const variance = state["runningVar"]!.data[c]!;
  return { mean: state["runningMean"]!.data[c]!, variance, stored: variance };
}

/** One number by given statistics, with the channel's weight and bias. */
export function standardized(
  { params, options: { eps = 1e-5 } }: BatchCall,
  c: number,
  { mean, variance }: Statistics,
  v: number,
): number {
  const standard = (v - mean) / Math.sqrt(variance + eps);
  return standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
}

/** The next running statistics, from a mean and a stored variance per channel. */
export function nextState(
  { state, mode, options: { momentum = 0.1 } }: BatchCall,
  batch: readonly Pick<Statistics, "mean" | "stored">[],
): Arrays {
  const { runningMean, runningVar, numBatchesTracked } = state;
  if (!mode.update || !runningMean || !runningVar || !numBatchesTracked) return state;
  const batches = numBatchesTracked.data[0]! + 1;
  const share = momentum ?? 1 / batches;
  const moved = ({ shape, data }: NdArray, to: (c: number) => number): NdArray => ({
    shape,
    data: data.map((old, c) => (1 - share) * old + share * to(c)),
  });
  return {
    ...state,
    runningMean: moved(runningMean, (c) => batch[c]!.mean),
    runningVar: moved(runningVar, (c) => batch[c]!.stored),
    numBatchesTracked: { shape: [], data: Float64Array.of(batches) },
  };
}

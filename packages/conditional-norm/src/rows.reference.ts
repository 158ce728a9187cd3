import type { Mode } from "@evenkeel/norm-core";
import type { NdArray } from "@evenkeel/testkit";

interface Call {
  readonly x: NdArray;
  readonly state: Readonly<Record<string, NdArray>>;
  readonly mode: Mode;
  readonly options: {
    readonly eps?: number;
    readonly momentum?: number | null;
    readonly unbiasedRunningVar?: boolean;
  };
}

/** A number for each sample and channel. */
export type Entry = (sample: number, channel: number) => number;

/** What a reference returns. */
export interface Result {
  readonly output: NdArray;
  readonly state: Readonly<Record<string, NdArray>>;
}

/** Ioffe and Szegedy's statistics with a weight and a bias per sample and channel, in float64 loops. */
export function batchNormOfRows(call: Call, weight: Entry, bias: Entry): Result {
  const { x, state, mode, options } = call;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const output = new Float64Array(x.data.length);
  const next = copyOf(state);
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;
  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) at.push((n * channels + c) * space + s);
    }
    let mean = at.reduce((sum, i) => sum + x.data[i]!, 0) / at.length;
    let variance = at.reduce((sum, i) => sum + (x.data[i]! - mean) ** 2, 0) / at.length;
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * at.length) / (at.length - 1) : variance;
      next["runningMean"].data[c]! += share * (mean - next["runningMean"].data[c]!);
      next["runningVar"]!.data[c]! += share * (spread - next["runningVar"]!.data[c]!);
      next["numBatchesTracked"]!.data[0] = batches;
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[c]!;
      variance = state["runningVar"]!.data[c]!;
    }
    for (const i of at) {
      const n = Math.floor(i / (channels * space));
      output[i] = (weight(n, c) * (x.data[i]! - mean)) / Math.sqrt(variance + eps) + bias(n, c);
    }
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

function copyOf(state: Call["state"]): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
}

/** Σ over i of matrix[row, i]·vector[i]. */
export function rowTimes(matrix: NdArray, row: number, vector: ArrayLike<number>): number {
  const width = matrix.shape[1]!;
  let sum = 0;
  for (let i = 0; i < width; i++) sum += matrix.data[row * width + i]! * vector[i]!;
  return sum;
}

/** Row n of a matrix. */
export function rowOf({ shape, data }: NdArray, n: number): Float64Array {
  return data.subarray(n * shape[1]!, (n + 1) * shape[1]!);
}

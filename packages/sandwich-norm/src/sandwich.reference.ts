import type { Mode } from "@evenkeel/norm-core";
import type { NdArray } from "@evenkeel/testkit";

type Arrays = Readonly<Record<string, NdArray>>;

interface Call {
  readonly x: NdArray;
  readonly params: Arrays;
  readonly state: Arrays;
  readonly mode: Mode;
  readonly options: {
    readonly eps?: number;
    readonly momentum?: number | null;
    readonly unbiasedRunningVar?: boolean;
  };
}

/** A number for each sample and channel. */
type Entry = (sample: number, channel: number) => number;

/** What a reference returns. */
export interface Result {
  readonly output: NdArray;
  readonly state: Arrays;
}

/** A table's row for each sample: entry [n, c] is Σ over k of shareOf(n, k)·table[k, c]. */
export function mix(table: NdArray, shareOf: (sample: number, row: number) => number): Entry {
  const [rows, channels] = table.shape as [number, number];
  return (n, c) => {
    let sum = 0;
    for (let k = 0; k < rows; k++) sum += shareOf(n, k) * table.data[k * channels + c]!;
    return sum;
  };
}

/** The slice of bread below, the filling's affine, the slice above: in float64 loops. */
export function sandwich(call: Call, gamma: Entry, beta: Entry, branch?: number): Result {
  const { x, params } = call;
  const [, channels] = x.shape as [number, number];
  const space = x.data.length / (x.shape[0]! * channels);
  const { standard, state } = standardize(call, branch);
  const output = standard.map((v, i) => {
    const [n, c] = [Math.floor(i / (channels * space)), Math.floor(i / space) % channels];
    const shared = params["sharedGamma"]!.data[c]! * v + params["sharedBeta"]!.data[c]!;
    return gamma(n, c) * shared + beta(n, c);
  });
  return { output: { shape: x.shape, data: output }, state };
}

/** Batch norm without an affine, and the next running statistics; of one branch where they have several. */
export function standardize(
  { x, state, mode, options }: Call,
  branch = 0,
): { readonly standard: Float64Array; readonly state: Arrays } {
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const count = samples * space;
  const standard = new Float64Array(x.data.length);
  const next = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const batches = (state["numBatchesTracked"]?.data[branch] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;
  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) at.push((n * channels + c) * space + s);
    }
    let mean = at.reduce((sum, i) => sum + x.data[i]!, 0) / count;
    let variance = at.reduce((sum, i) => sum + (x.data[i]! - mean) ** 2, 0) / count;
    const entry = branch * channels + c;
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * count) / (count - 1) : variance;
      next["runningMean"].data[entry]! += share * (mean - next["runningMean"].data[entry]!);
      next["runningVar"]!.data[entry]! += share * (spread - next["runningVar"]!.data[entry]!);
      next["numBatchesTracked"]!.data[branch] = batches;
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[entry]!;
      variance = state["runningVar"]!.data[entry]!;
    }
    for (const i of at) standard[i] = (x.data[i]! - mean) / Math.sqrt(variance + eps);
  }
  return { standard, state: next };
}

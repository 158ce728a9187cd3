import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { RepresentativeBatchNormOptions } from "./representative-batch-norm.ts";

type Call = NormCall<RepresentativeBatchNormOptions>;
type State = Readonly<Record<string, NdArray>>;

/** Gao and others' two calibrations, with means over space and a sigmoid, on [N, C, …space] in float64. */
export function representativeBatchNormReference(call: Call): { output: NdArray; state: State } {
  const { x, params } = call;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const centered = x.data.slice();
  eachPlane(x.shape, (c, start) => {
    const mean = meanOf(x.data.subarray(start, start + space));
    for (let i = start; i < start + space; i++)
      centered[i]! += params["centerWeight"]!.data[c]! * mean;
  });
  const { standard, state } = standardize(call, centered);
  const output = new Float64Array(x.data.length);
  eachPlane(x.shape, (c, start) => {
    const mean = meanOf(standard.subarray(start, start + space));
    const logit = params["scaleWeight"]!.data[c]! * mean + params["scaleBias"]!.data[c]!;
    const gate = 1 / (1 + Math.exp(-logit));
    for (let i = start; i < start + space; i++) {
      output[i] =
        (params["weight"]?.data[c] ?? 1) * standard[i]! * gate + (params["bias"]?.data[c] ?? 0);
    }
  });
  return { output: { shape: x.shape, data: output }, state };
}

/** Batch norm without an affine of some numbers in x's shape, and the next running statistics. */
export function standardize(
  { x, state, mode, options }: Call,
  numbers: Float64Array,
): { standard: Float64Array; state: State } {
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const count = samples * space;
  const standard = new Float64Array(numbers.length);
  const next = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;
  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    eachPlane(x.shape, (channel, start) => {
      if (channel === c) for (let i = start; i < start + space; i++) at.push(i);
    });
    let mean = meanOf(at.map((i) => numbers[i]!));
    let variance = meanOf(at.map((i) => (numbers[i]! - mean) ** 2));
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * count) / (count - 1) : variance;
      next["runningMean"].data[c]! += share * (mean - next["runningMean"].data[c]!);
      next["runningVar"]!.data[c]! += share * (spread - next["runningVar"]!.data[c]!);
      next["numBatchesTracked"]!.data[0] = batches;
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[c]!;
      variance = state["runningVar"]!.data[c]!;
    }
    for (const i of at) standard[i] = (numbers[i]! - mean) / Math.sqrt(variance + eps);
  }
  return { standard, state: next };
}

/** Calls `visit` with the channel and the start of every sample's plane. */
function eachPlane(shape: readonly number[], visit: (c: number, start: number) => void): void {
  const [samples, channels] = shape as [number, number];
  const space = shape.slice(2).reduce((product, n) => product * n, 1);
  for (let plane = 0; plane < samples * channels; plane++) visit(plane % channels, plane * space);
}

function meanOf(numbers: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const v of numbers) sum += v;
  return sum / numbers.length;
}

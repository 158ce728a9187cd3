import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { UnifiedBatchNormOptions } from "./unified-batch-norm.ts";

type Call = NormCall<UnifiedBatchNormOptions>;
type State = Readonly<Record<string, NdArray>>;

/** The steps of our reading one after the other, on [N, C, …space] in float64. */
export function unifiedBatchNormReference(call: Call): { output: NdArray; state: State } {
  const { x, params, mode, options } = call;
  const condensed = isCondensed(call);
  const space = spaceOf(x.shape);
  const centered = x.data.slice();
  eachPlane(x.shape, (c, start) => {
    const shift =
      (params["centerWeight"]?.data[c] ?? 0) * meanOf(x.data.subarray(start, start + space));
    for (let i = start; i < start + space; i++) centered[i]! += shift;
  });
  const byRunning =
    mode.statistics === "running" || (condensed && (options.condensedByRunning ?? true));
  const { standard, state } = standardize(call, centered, byRunning);
  if (options.scaling ?? true) {
    eachPlane(x.shape, (c, start) => {
      const mean = meanOf(standard.subarray(start, start + space));
      const logit = params["scaleWeight"]!.data[c]! * mean + params["scaleBias"]!.data[c]!;
      for (let i = start; i < start + space; i++) standard[i]! /= 1 + Math.exp(-logit);
    });
  }
  return {
    output: { shape: x.shape, data: convolved(call, standard) },
    state: nextState(call, state, condensed),
  };
}

/** Whether the mean cosine of all pairs of samples is above the threshold, after the warm-up. */
function isCondensed({ x, state, options }: Call): boolean {
  const { condensationThreshold, warmupUpdates = 1 } = options;
  if (state["numBatchesTracked"]!.data[0]! < warmupUpdates) return false;
  return meanCosine(x) > condensationThreshold;
}

/** The mean cosine over ordered pairs of different samples; −1 where there are none. */
export function meanCosine({ shape, data }: NdArray): number {
  const [samples] = shape as [number];
  if (samples === 1) return -1;
  const size = data.length / samples;
  const rows = Array.from({ length: samples }, (_, n) => data.subarray(n * size, (n + 1) * size));
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
  const lengths = rows.map((row) => Math.max(Math.sqrt(dot(row, row)), 1e-12));
  let total = 0;
  rows.forEach((a, i) => {
    rows.forEach((b, j) => {
      if (i !== j) total += dot(a, b) / (lengths[i]! * lengths[j]!);
    });
  });
  return total / (samples * (samples - 1));
}

function standardize(
  { x, state, options }: Call,
  numbers: Float64Array,
  byRunning: boolean,
): { standard: Float64Array; state: State } {
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const { runningMean, runningVar, numBatchesTracked } = state;
  const batches = numBatchesTracked!.data[0]! + 1;
  const share = momentum ?? 1 / batches;
  const [means, variances] = [runningMean!.data.slice(), runningVar!.data.slice()];
  const standard = new Float64Array(numbers.length);
  for (let c = 0; c < x.shape[1]!; c++) {
    const at: number[] = [];
    eachPlane(x.shape, (channel, start) => {
      if (channel === c) for (let i = 0; i < spaceOf(x.shape); i++) at.push(start + i);
    });
    const mean = meanOf(at.map((i) => numbers[i]!));
    const variance = meanOf(at.map((i) => (numbers[i]! - mean) ** 2));
    const spread = unbiasedRunningVar ? (variance * at.length) / (at.length - 1) : variance;
    means[c]! += share * (mean - means[c]!);
    variances[c]! += share * (spread - variances[c]!);
    const center = byRunning ? runningMean!.data[c]! : mean;
    const deviation = Math.sqrt((byRunning ? runningVar!.data[c]! : variance) + eps);
    for (const i of at) standard[i] = (numbers[i]! - center) / deviation;
  }
  const next = {
    ...state,
    runningMean: { shape: runningMean!.shape, data: means },
    runningVar: { shape: runningVar!.shape, data: variances },
    numBatchesTracked: { shape: [], data: Float64Array.of(batches) },
  };
  return { standard, state: next };
}

function nextState({ state, mode, options }: Call, moved: State, condensed: boolean): State {
  if (!mode.update) return state;
  const inARow = state["numCondensed"]!.data[0]! + 1;
  const asked = options.condensationThreshold < Number.POSITIVE_INFINITY;
  const counted = (count: number): State => ({
    numCondensed: { shape: [], data: Float64Array.of(asked ? count : inARow - 1) },
  });
  return condensed ? { ...state, ...counted(inARow) } : { ...moved, ...counted(0) };
}

/** Each channel's image under its own taps, zeros around it. */
function convolved({ x, params }: Call, z: Float64Array): Float64Array {
  const weight = params["weight"]!;
  const side = weight.shape[1]!;
  const reach = (side - 1) / 2;
  const [height, width] =
    side === 1 ? [1, spaceOf(x.shape)] : (x.shape.slice(2) as [number, number]);
  const output = new Float64Array(z.length);
  eachPlane(x.shape, (c, start) => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let total = params["bias"]!.data[c]!;
        for (let i = 0; i < side; i++) {
          for (let j = 0; j < side; j++) {
            const [h, w] = [row + i - reach, column + j - reach];
            if (h < 0 || h >= height || w < 0 || w >= width) continue;
            total += weight.data[(c * side + i) * side + j]! * z[start + h * width + w]!;
          }
        }
        output[start + row * width + column] = total;
      }
    }
  });
  return output;
}

/** Calls `visit` with the channel and the start of every sample's plane. */
function eachPlane(shape: readonly number[], visit: (c: number, start: number) => void): void {
  const [samples, channels] = shape as [number, number];
  for (let plane = 0; plane < samples * channels; plane++)
    visit(plane % channels, plane * spaceOf(shape));
}

function spaceOf(shape: readonly number[]): number {
  return shape.slice(2).reduce((product, n) => product * n, 1);
}

function meanOf(numbers: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const v of numbers) sum += v;
  return sum / numbers.length;
}

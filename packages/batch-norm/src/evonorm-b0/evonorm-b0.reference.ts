import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { EvonormB0Options } from "./evonorm-b0.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Liu and others, on [N, C, …space] in float64. */
export function evonormB0Reference({
  x,
  params,
  state,
  mode,
  options,
}: NormCall<EvonormB0Options>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = false } = options;
  const { weight, bias, v } = params;
  const affine = (u: number, c: number): number => u * weight!.data[c]! + bias!.data[c]!;
  const channelOf = (i: number): number => Math.floor(i / space) % channels;
  if (!v) {
    const linear = x.data.map((u, i) => affine(u, channelOf(i)));
    return { output: { shape: x.shape, data: linear }, state };
  }
  const batch = Array.from({ length: channels }, (_, c) =>
    varianceOf(x.data.filter((_unused, i) => channelOf(i) === c)),
  );
  const own = Array.from({ length: samples * channels }, (_, plane) =>
    varianceOf(x.data.subarray(plane * space, (plane + 1) * space)),
  );
  const { runningVar, numBatchesTracked } = state;
  const output = x.data.map((u, i) => {
    const c = channelOf(i);
    const spread = mode.statistics === "running" ? runningVar!.data[c]! : batch[c]!;
    const other = v.data[c]! * u + Math.sqrt(own[Math.floor(i / space)]! + eps);
    return affine(u / Math.max(Math.sqrt(spread + eps), other), c);
  });
  if (!mode.update) return { output: { shape: x.shape, data: output }, state };
  const batches = numBatchesTracked!.data[0]! + 1;
  const share = momentum ?? 1 / batches;
  const n = samples * space;
  const stored = batch.map((s) => (unbiasedRunningVar ? (s * n) / (n - 1) : s));
  const next = {
    runningVar: {
      shape: runningVar!.shape,
      data: runningVar!.data.map((old, c) => old + share * (stored[c]! - old)),
    },
    numBatchesTracked: { shape: [], data: Float64Array.of(batches) },
  };
  return { output: { shape: x.shape, data: output }, state: next };
}

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, u) => sum + u / values.length, 0);
  return values.reduce((sum, u) => sum + (u - mean) ** 2 / values.length, 0);
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { InstanceNormOptions } from "./instance-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Ulyanov, Vedaldi and Lempitsky, equation 5, on [N, C, …space] in float64. */
export function instanceNormReference({
  x,
  params,
  state,
  mode,
  options,
}: NormCall<InstanceNormOptions>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const output = new Float64Array(x.data.length);
  const next = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;
  for (let c = 0; c < channels; c++) {
    let meanOfMeans = 0;
    let meanOfVariances = 0;
    for (let n = 0; n < samples; n++) {
      const start = (n * channels + c) * space;
      let mean = 0;
      let variance = 0;
      for (let i = start; i < start + space; i++) mean += x.data[i]! / space;
      for (let i = start; i < start + space; i++) variance += (x.data[i]! - mean) ** 2 / space;
      meanOfMeans += mean / samples;
      meanOfVariances +=
        (unbiasedRunningVar ? (variance * space) / (space - 1) : variance) / samples;
      if (mode.statistics === "running" && state["runningMean"]) {
        mean = state["runningMean"].data[c]!;
        variance = state["runningVar"]!.data[c]!;
      }
      for (let i = start; i < start + space; i++) {
        const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
        output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
      }
    }
    if (mode.update && next["runningMean"]) {
      next["runningMean"].data[c]! += share * (meanOfMeans - next["runningMean"].data[c]!);
      next["runningVar"]!.data[c]! += share * (meanOfVariances - next["runningVar"]!.data[c]!);
      next["numBatchesTracked"]!.data[0] = batches;
    }
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { BatchGroupNormOptions } from "./batch-group-norm.ts";

type Arrays = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: Arrays };

/** Zhou and others: runs of each sample on [N, C, …space], in float64, with PyTorch's running statistics. */
export function batchGroupNormReference({
  x,
  params,
  state,
  mode,
  options,
}: NormCall<BatchGroupNormOptions>): Result {
  const { numGroups, eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const [samples, channels] = x.shape as [number, number];
  const size = x.data.length / samples;
  const run = size / numGroups;
  const total = samples * run;
  const { weight, bias } = params;
  const next = copyOf(state);
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum ?? 1 / batches;
  const output = new Float64Array(x.data.length);
  for (let g = 0; g < numGroups; g++) {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let i = g * run; i < (g + 1) * run; i++) at.push(n * size + i);
    }
    let mean = 0;
    let variance = 0;
    for (const i of at) mean += x.data[i]! / total;
    for (const i of at) variance += (x.data[i]! - mean) ** 2 / total;
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * total) / (total - 1) : variance;
      next["runningMean"].data[g]! += share * (mean - next["runningMean"].data[g]!);
      next["runningVar"]!.data[g]! += share * (spread - next["runningVar"]!.data[g]!);
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[g]!;
      variance = state["runningVar"]!.data[g]!;
    }
    for (const i of at) {
      const c = Math.floor(((i % size) * channels) / size);
      const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
      output[i] = standard * (weight?.data[c] ?? 1) + (bias?.data[c] ?? 0);
    }
  }
  if (mode.update && next["numBatchesTracked"]) next["numBatchesTracked"].data[0] = batches;
  if (mode.update && next["groupSize"]) next["groupSize"].data[0] = run;
  return { output: { shape: x.shape, data: output }, state: next };
}

function copyOf(arrays: Arrays): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { LastBatchNormOptions } from "./last-batch-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Batch norm without an affine on [N, K, …space], in float64, with PyTorch's running statistics. */
export function lastBatchNormReference({
  x,
  state,
  mode,
  options,
}: NormCall<LastBatchNormOptions>): Result {
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const [samples, classes] = x.shape as [number, number];
  const space = x.data.length / (samples * classes);
  const count = samples * space;
  const output = new Float64Array(x.data.length);
  const next = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  for (let k = 0; k < classes; k++) {
    const at = Array.from(
      { length: count },
      (_, i) => (Math.floor(i / space) * classes + k) * space + (i % space),
    );
    let mean = at.reduce((sum, i) => sum + x.data[i]! / count, 0);
    let variance = at.reduce((sum, i) => sum + (x.data[i]! - mean) ** 2 / count, 0);
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * count) / (count - 1) : variance;
      const share = momentum ?? 1 / batches;
      next["runningMean"].data[k]! += share * (mean - next["runningMean"].data[k]!);
      next["runningVar"]!.data[k]! += share * (spread - next["runningVar"]!.data[k]!);
      next["numBatchesTracked"]!.data[0] = batches;
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[k]!;
      variance = state["runningVar"]!.data[k]!;
    }
    for (const i of at) output[i] = (x.data[i]! - mean) / Math.sqrt(variance + eps);
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

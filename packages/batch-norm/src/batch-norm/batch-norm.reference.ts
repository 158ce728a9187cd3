import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { BatchNormCondition, BatchNormOptions } from "./batch-norm.ts";

type Call = NormCall<BatchNormOptions, BatchNormCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Ioffe and Szegedy, Algorithm 1, on [N, C, …space] in float64, with PyTorch's running statistics. */
export function batchNormReference({ x, params, state, mode, options, condition }: Call): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1, unbiasedRunningVar = true } = options;
  const mask = condition?.mask?.data;
  const output = new Float64Array(x.data.length);
  const next = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum === null ? 1 / batches : momentum;

  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    const weights: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) {
        at.push((n * channels + c) * space + s);
        weights.push(mask ? mask[mask.length === samples ? n : n * space + s]! : 1);
      }
    }
    let total = 0;
    let mean = 0;
    let variance = 0;
    for (const w of weights) total += w;
    at.forEach((i, k) => {
      mean += (weights[k]! * x.data[i]!) / total;
    });
    at.forEach((i, k) => {
      variance += (weights[k]! * (x.data[i]! - mean) ** 2) / total;
    });
    if (mode.update && next["runningMean"]) {
      const spread = unbiasedRunningVar ? (variance * total) / (total - 1) : variance;
      next["runningMean"].data[c]! += share * (mean - next["runningMean"].data[c]!);
      next["runningVar"]!.data[c]! += share * (spread - next["runningVar"]!.data[c]!);
      next["numBatchesTracked"]!.data[0] = batches;
    }
    if (mode.statistics === "running" && state["runningMean"]) {
      mean = state["runningMean"].data[c]!;
      variance = state["runningVar"]!.data[c]!;
    }
    for (const i of at) {
      const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import { eachChannel, moved, normalizeBy, type Result, runningOf } from "../batch.reference.ts";
import type { PartlyAdaptiveBatchNormOptions } from "./partly-adaptive-batch-norm.ts";

/** Mean and variance each of the source or of the target batch; batch norm in training. */
export function partlyAdaptiveBatchNormReference(
  call: NormCall<PartlyAdaptiveBatchNormOptions>,
): Result {
  const { x, params, state, mode, options } = call;
  const { eps = 1e-5, adaptMean = true, adaptVar = true } = options;
  const batch = eachChannel(x);
  if (mode.statistics === "batch" || !state["runningMean"]) {
    const next = mode.update ? moved(state, batch, options) : state;
    return { output: normalizeBy(x, params, eps, batch), state: next };
  }
  const source = runningOf(state);
  const means = batch.map(({ mean }) => mean);
  const variances = batch.map(({ count, variance }) => (variance * count) / (count - 1));
  const chosen = source.map(({ mean, variance }, c) => ({
    mean: adaptMean ? means[c]! : mean,
    variance: adaptVar ? variances[c]! : variance,
  }));
  const output = normalizeBy(x, params, eps, chosen);
  if (!mode.update) return { output, state };
  const row = (data: number[]): NdArray => ({
    shape: [data.length],
    data: Float64Array.from(data),
  });
  const next = { ...state, estimatedMean: row(means), estimatedVar: row(variances) };
  return { output, state: next };
}

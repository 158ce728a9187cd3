import type { NdArray, NormCall } from "@evenkeel/testkit";
import {
  eachChannel,
  moved,
  normalizeBy,
  type Result,
  runningOf,
  type Statistics,
} from "../batch.reference.ts";
import type { AdaBatchNormOptions } from "./ada-batch-norm.ts";

/** Batch norm whose running statistics are those of all samples seen, or averages of batches'. */
export function adaBatchNormReference(call: NormCall<AdaBatchNormOptions>): Result {
  const { x, params, state, mode, options } = call;
  const batch = eachChannel(x);
  const byBatch = mode.statistics === "batch" || !state["runningMean"];
  const output = normalizeBy(x, params, options.eps ?? 1e-5, byBatch ? batch : runningOf(state));
  if (!mode.update || !state["runningMean"]) return { output, state };
  const { estimator = "pooled", momentum = 0.1, unbiasedRunningVar = true } = options;
  const share = estimator === "cumulative" ? null : momentum;
  const averaged = moved(state, batch, { unbiasedRunningVar, momentum: share });
  const seen = state["sampleCount"]!.data[0]!;
  const count = batch[0]!.count;
  const next = { ...averaged, sampleCount: scalar(seen + count) };
  if (estimator !== "pooled") return { output, state: next };
  return { output, state: { ...next, ...joined(state, batch, unbiasedRunningVar ? 1 : 0) } };
}

/** All samples so far and the batch, as if they had come at once. */
function joined(
  { runningMean, runningVar, sampleCount }: Readonly<Record<string, NdArray>>,
  batch: readonly Statistics[],
  less: number,
): Readonly<Record<string, NdArray>> {
  const mean = new Float64Array(batch.length);
  const variance = new Float64Array(batch.length);
  const seen = sampleCount!.data[0]!;
  batch.forEach((now, c) => {
    const total = seen + now.count;
    const gap = now.mean - runningMean!.data[c]!;
    const before = seen > 0 ? runningVar!.data[c]! * (seen - less) : 0;
    mean[c] = runningMean!.data[c]! + (gap * now.count) / total;
    const squares = before + now.variance * now.count + (gap ** 2 * seen * now.count) / total;
    variance[c] = squares / (total - less);
  });
  const shape = [batch.length];
  return { runningMean: { shape, data: mean }, runningVar: { shape, data: variance } };
}

function scalar(value: number): NdArray {
  return { shape: [], data: Float64Array.of(value) };
}

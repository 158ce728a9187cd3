import type { NormCall } from "@evenkeel/testkit";
import { eachChannel, moved, normalizeBy, type Result, runningOf } from "../batch.reference.ts";
import type { EmaAdaptiveBatchNormOptions } from "./ema-adaptive-batch-norm.ts";

/** Running statistics take in the batch first and then normalize it; batch norm in training. */
export function emaAdaptiveBatchNormReference(call: NormCall<EmaAdaptiveBatchNormOptions>): Result {
  const { x, params, state, mode, options } = call;
  const { eps = 1e-5, momentum = null } = options;
  const batch = eachChannel(x);
  const after = moved(state, batch, { ...options, momentum });
  const byBatch = mode.statistics === "batch" || !state["runningMean"];
  const output = normalizeBy(x, params, eps, byBatch ? batch : runningOf(after));
  return { output, state: mode.update ? after : state };
}

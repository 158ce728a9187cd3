import type { NormCall } from "@evenkeel/testkit";
import { eachChannel, moved, normalizeBy, type Result } from "../batch.reference.ts";
import type { PredictionTimeBatchNormOptions } from "./prediction-time-batch-norm.ts";

/** Nado and others: batch norm by the statistics of the batch in evaluation, too. */
export function predictionTimeBatchNormReference(
  call: NormCall<PredictionTimeBatchNormOptions>,
): Result {
  const { x, params, state, mode, options } = call;
  const batch = eachChannel(x);
  const next = mode.update ? moved(state, batch, options) : state;
  return { output: normalizeBy(x, params, options.eps ?? 1e-5, batch), state: next };
}

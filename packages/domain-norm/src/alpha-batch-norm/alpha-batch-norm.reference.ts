import type { NormCall } from "@evenkeel/testkit";
import { eachChannel, moved, normalizeBy, type Result, runningOf } from "../batch.reference.ts";
import type { AlphaBatchNormOptions } from "./alpha-batch-norm.ts";

/** Schneider, Rusak and others: source and target statistics, mixed; batch norm in training. */
export function alphaBatchNormReference(call: NormCall<AlphaBatchNormOptions>): Result {
  const { x, params, state, mode, options } = call;
  const { eps = 1e-5, sourceWeight: a = 0.9, targetVarUnbiased = true } = options;
  const batch = eachChannel(x);
  if (mode.statistics === "batch" || !state["runningMean"]) {
    const next = mode.update ? moved(state, batch, options) : state;
    return { output: normalizeBy(x, params, eps, batch), state: next };
  }
  const source = runningOf(state);
  const mixed = batch.map(({ count, mean, variance }, c) => {
    const target = targetVarUnbiased ? (variance * count) / (count - 1) : variance;
    return {
      mean: a * source[c]!.mean + (1 - a) * mean,
      variance: a * source[c]!.variance + (1 - a) * target,
    };
  });
  return { output: normalizeBy(x, params, eps, mixed), state };
}

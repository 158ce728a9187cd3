import {
  add,
  cast,
  currentBackend,
  type DType,
  fail,
  mul,
  ones,
  reciprocal,
  reshape,
  scope,
  stopGradient,
  sub,
  type Tensor,
  tensor,
  type Value,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import type { Tensors } from "./norm.ts";
import type { PlaneMap } from "./plane-rule.ts";
import { standardMap } from "./rules.ts";

/** Running statistics before any batch: mean 0, variance 1, no batches. */
export function initRunning(numFeatures: number, dtype: DType): Tensors {
  return {
    runningMean: zeros([numFeatures], { dtype }),
    runningVar: ones([numFeatures], { dtype }),
    numBatchesTracked: zeros([], { dtype }),
  };
}

/** A mean and a variance of each channel, of one batch or running. */
export interface BatchStatistics {
  readonly mean: Tensor;
  /** To be stored: unbiased, M2 / (n − 1), where PyTorch's numbers are wanted. */
  readonly variance: Tensor;
}

/**
 * Running statistics after one more batch, in the names of PyTorch:
 *
 *     running ← (1 − momentum)·running + momentum·batch
 *
 * @param where - The norm, for errors.
 * @param momentum - Weight of the new batch; null weighs all batches alike (1 / number of batches).
 * @returns The next state; without running statistics, the state that came in.
 * @throws ValueError if the batch's statistics are not finite, where the backend's memory can be looked at; the
 *   state given stays as it was.
 */
export function updateRunning(
  where: string,
  state: Tensors,
  batch: BatchStatistics,
  momentum: number | null,
): Tensors {
  if (!state["runningMean"] || !state["runningVar"]) return state;
  const { mean: runningMean, variance: runningVar } = batch;
  return updateAverages(where, state, { runningMean, runningVar }, momentum);
}

const words: Readonly<Record<string, string>> = {
  runningMean: "running mean",
  runningVar: "running variance",
  runningStd: "running standard deviation",
};

/**
 * `updateRunning` for a norm that keeps other statistics: every entry of `batch` goes into the entry of the
 * state with its name, and the batch is counted where the state counts.
 *
 * @param batch - In the dtype of the statistics; as many numbers as the state has.
 * @throws ValueError if a next average is not finite, where the backend's memory can be looked at; the state
 *   given stays as it was.
 */
export function updateAverages(
  where: string,
  state: Tensors,
  batch: Tensors,
  momentum: number | null,
): Tensors {
  return scope(() => {
    const { numBatchesTracked } = state;
    const count = numBatchesTracked && add(numBatchesTracked, 1);
    const next = Object.entries(batch).map(([name, value]) => {
      const old = state[name]!;
      const share = momentum ?? reciprocal(cast(count ?? refuseUncounted(where), value.dtype));
      const average = averaged(old, value, share);
      checkFinite(where, words[name] ?? name, average);
      return [name, average] as const;
    });
    return { ...state, ...Object.fromEntries(next), ...(count && { numBatchesTracked: count }) };
  });
}

/** (1 − share)·old + share·value in the dtype of old, in one loop where memory can be looked at. */
function averaged(old: Tensor, value: Tensor, share: Value): Tensor {
  if (typeof share === "number" && currentBackend().inProcess) {
    const next = Float64Array.from(old.data);
    const { data } = value;
    for (let i = 0; i < next.length; i++) next[i]! += share * (data[i]! - next[i]!);
    return tensor(next, old);
  }
  const before = cast(stopGradient(old), value.dtype);
  const now = add(before, mul(share, sub(stopGradient(reshape(value, old.shape)), before)));
  return cast(now, old.dtype);
}

function refuseUncounted(where: string): never {
  return fail(
    {
      where,
      expected: "numBatchesTracked in the state, for momentum null",
      got: "none",
      hint: "Start from init(), or give a momentum.",
    },
    ValueError,
  );
}

/**
 * The running mean and variance as constants, for a rule.
 *
 * @throws ValueError if they are not finite.
 */
export function runningStatistics(
  where: string,
  { runningMean, runningVar }: Tensors,
  dtype: DType,
): BatchStatistics {
  checkFinite(where, "running mean", runningMean!);
  checkFinite(where, "running variance", runningVar!);
  const constant = (t: Tensor): Tensor => cast(stopGradient(t), dtype);
  return { mean: constant(runningMean!), variance: constant(runningVar!) };
}

/**
 * The map by running statistics: (x − runningMean) / √(runningVar + eps) · weight + bias.
 *
 * @throws ValueError if they are not finite.
 */
export function runningMap(
  where: string,
  state: Tensors,
  eps: number,
  params: Tensors,
  dtype: DType,
): PlaneMap {
  const { mean, variance } = runningStatistics(where, state, dtype);
  const to = (t: Tensor | undefined): Tensor | undefined => t && cast(t, dtype);
  return standardMap(mean, variance, eps, {
    weight: to(params["weight"]),
    bias: to(params["bias"]),
  });
}

/** Whether running statistics exist in this state. */
export function hasRunning(state: Tensors): boolean {
  return state["runningMean"] !== undefined;
}

/**
 * Whether running statistics are not the first values any more, by which nothing would be normalized. Only
 * where the backend's memory can be looked at; true elsewhere.
 */
export function hasTrained({ runningMean, runningVar, numBatchesTracked }: Tensors): boolean {
  if (!currentBackend().inProcess) return true;
  // Checkpoints of some official codes have statistics but no counters.
  const counted = numBatchesTracked?.data[0] !== 0;
  return counted || runningMean!.data.some((v) => v !== 0) || runningVar!.data.some((v) => v !== 1);
}

/** Refuses NaN and Infinity in a small tensor, where the backend's memory can be looked at. */
export function checkFinite(where: string, what: string, t: Tensor): void {
  if (!currentBackend().inProcess) return;
  const bad = t.data.findIndex((v) => !Number.isFinite(v));
  if (bad < 0) return;
  fail(
    {
      where,
      expected: `a finite ${what}`,
      got: `${t.data[bad]} in channel ${bad % (t.shape.at(-1) ?? 1)}`,
      hint: "Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    ValueError,
  );
}

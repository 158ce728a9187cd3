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
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import type { Tensors } from "./norm.ts";
import type { PlaneMap } from "./normalize.ts";
import { standardMap } from "./rules.ts";

/** Running statistics before any batch: mean 0, variance 1, no batches. */
export function initRunning(numFeatures: number, dtype: DType): Tensors {
  return {
    runningMean: zeros([numFeatures], { dtype }),
    runningVar: ones([numFeatures], { dtype }),
    numBatchesTracked: zeros([], { dtype }),
  };
}

/** What one batch adds to running statistics: one entry per channel. */
export interface BatchStatistics {
  readonly mean: Tensor;
  /** Unbiased, M2 / (n − 1), where PyTorch's numbers are wanted. */
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
 * @throws ValueError if the batch's statistics are not finite; the state given stays as it was.
 */
export function updateRunning(
  where: string,
  state: Tensors,
  batch: BatchStatistics,
  momentum: number | null,
): Tensors {
  const { runningMean, runningVar, numBatchesTracked } = state;
  if (!runningMean || !runningVar) return state;
  return scope(() => {
    const count = numBatchesTracked && add(numBatchesTracked, 1);
    const dtype = batch.mean.dtype;
    const share = momentum ?? reciprocal(cast(count ?? refuseUncounted(where), dtype));
    const blend = (name: string, old: Tensor, value: Tensor): Tensor => {
      const before = cast(stopGradient(old), dtype);
      const batchValue = stopGradient(reshape(value, old.shape));
      const now = add(before, mul(share, sub(batchValue, before)));
      const next = cast(now, old.dtype);
      checkFinite(where, `running ${name}`, next);
      return next;
    };
    return {
      ...state,
      runningMean: blend("mean", runningMean, batch.mean),
      runningVar: blend("variance", runningVar, batch.variance),
      ...(count && { numBatchesTracked: count }),
    };
  });
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
 * The map by running statistics: (x − runningMean) / √(runningVar + eps) · weight + bias.
 *
 * @throws ValueError if they are not finite.
 */
export function runningMap(
  where: string,
  { runningMean, runningVar }: Tensors,
  eps: number,
  params: Tensors,
  dtype: DType,
): PlaneMap {
  checkFinite(where, "running mean", runningMean!);
  checkFinite(where, "running variance", runningVar!);
  const to = (t: Tensor | undefined): Tensor | undefined => t && cast(t, dtype);
  const constant = (t: Tensor): Tensor => cast(stopGradient(t), dtype);
  return standardMap(constant(runningMean!), constant(runningVar!), eps, {
    weight: to(params["weight"]),
    bias: to(params["bias"]),
  });
}

/** Whether running statistics exist in this state. */
export function hasRunning(state: Tensors): boolean {
  return state["runningMean"] !== undefined;
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
      got: `${t.data[bad]} in channel ${bad}`,
      hint: "Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    ValueError,
  );
}

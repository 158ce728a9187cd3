import {
  add,
  arange,
  cast,
  concat,
  currentBackend,
  type DType,
  div,
  fail,
  greater,
  less,
  mul,
  onesLike,
  reshape,
  slice,
  stopGradient,
  sum,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import {
  type BatchStatistics,
  checkFinite,
  type Moments,
  merge,
  pushed,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";

/** Statistics of several batches, newest first, [entries, channels]. */
export interface Entries extends BatchStatistics {
  /** 1 for an entry that counts, else 0: [entries, 1]. */
  readonly counted: Tensor;
}

export function initMemory(memorySize: number, numFeatures: number, dtype: DType): Tensors {
  return {
    memoryMean: zeros([memorySize, numFeatures], { dtype }),
    memoryVar: zeros([memorySize, numFeatures], { dtype }),
    numBatchesTracked: zeros([], { dtype }),
  };
}

/** The stored batches, as constants. */
export function memoryOf(state: Tensors, dtype: DType): Entries {
  const constant = (t: Tensor | undefined): Tensor => cast(stopGradient(t!), dtype);
  const mean = constant(state["memoryMean"]);
  const [entries] = mean.shape as [number];
  const filled = less(arange(entries, { dtype }), constant(state["numBatchesTracked"]));
  return {
    mean,
    variance: constant(state["memoryVar"]),
    counted: reshape(filled, [entries, 1]),
  };
}

/** The batch itself in front of the stored ones; in the burn-in those do not count. */
export function withBatch(batch: Moments, state: Tensors, burnIn: number): Entries {
  const past = memoryOf(state, batch.mean.dtype);
  const tracked = cast(stopGradient(state["numBatchesTracked"]!), batch.mean.dtype);
  const counted = mul(past.counted, greater(add(tracked, 1), burnIn));
  return {
    mean: concat([batch.mean, past.mean], 0),
    variance: concat([variance(batch), past.variance], 0),
    counted: concat([onesLike(slice(counted, [0], [1])), counted], 0),
  };
}

/** All entries together, each weighing `decay` times what the one before it does: [1, channels]. */
export function joined(
  { mean, variance: spread, counted }: Entries,
  { decay, varianceRule }: { readonly decay: number; readonly varianceRule: string },
): BatchStatistics {
  const [entries] = mean.shape as [number];
  const powers = Float64Array.from({ length: entries }, (_, age) => decay ** age);
  const weights = mul(tensor(powers, { shape: [entries, 1], dtype: mean.dtype }), counted);
  const pool = merge({ count: 1, mean, m2: spread }, { axes: 0, weights });
  if (varianceRule === "pooled") return { mean: pool.mean, variance: variance(pool) };
  const over = { axes: 0, keepDims: true };
  const average = div(sum(mul(weights, spread), over), sum(weights, over));
  return { mean: pool.mean, variance: average };
}

/** The memory with this batch in front. @throws ValueError if its statistics are not finite. */
export function remember(where: string, state: Tensors, batch: Moments): Tensors {
  const { memoryMean, memoryVar, numBatchesTracked } = state;
  const next = {
    memoryMean: pushed(memoryMean!, batch.mean),
    memoryVar: pushed(memoryVar!, variance(batch)),
    numBatchesTracked: add(stopGradient(numBatchesTracked!), 1),
  };
  checkFinite(where, "mean of the batch", next.memoryMean);
  checkFinite(where, "variance of the batch", next.memoryVar);
  return next;
}

/** Refuses to evaluate by nothing, where the backend's memory can be looked at. */
export function checkRemembered(where: string, { numBatchesTracked }: Tensors): void {
  if (!currentBackend().inProcess || numBatchesTracked!.item() > 0) return;
  fail(
    {
      where,
      expected: "statistics of at least one batch",
      got: "an empty memory",
      hint: "Train before you evaluate, or load a state.",
    },
    ValueError,
  );
}

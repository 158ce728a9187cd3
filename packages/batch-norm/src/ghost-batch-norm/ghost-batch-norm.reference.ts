import type { NdArray, NormCall } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import type { GhostBatchNormOptions } from "./ghost-batch-norm.ts";

type Call = NormCall<GhostBatchNormOptions>;
type Arrays = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: Arrays };

/** Hoffer and others: batch norm of one chunk after the other; in evaluation of the whole batch. */
export function ghostBatchNormReference(call: Call): Result {
  const { x, state, mode, options } = call;
  const { ghostBatchSize, runningUpdate = "sequential", momentum = 0.1 } = options;
  const samples = x.shape[0]!;
  const row = x.data.length / samples;
  const chunks = Math.ceil(samples / ghostBatchSize);
  const shared =
    runningUpdate === "scaled" ? { ...options, momentum: momentum! / chunks } : options;
  const output = new Float64Array(x.data.length);
  const seen: Arrays[] = [];
  let next = state;
  for (let from = 0; from < samples; from += ghostBatchSize) {
    const to = Math.min(from + ghostBatchSize, samples);
    const own = {
      shape: [to - from, ...x.shape.slice(1)],
      data: x.data.slice(from * row, to * row),
    };
    const part = { ...call, x: own, condition: undefined };
    // The output by running statistics is that of the state before any chunk.
    output.set(
      batchNormReference({ ...part, mode: { ...mode, update: false } }).output.data,
      from * row,
    );
    next = batchNormReference({ ...part, options: shared, state: next }).state;
    seen.push(batchNormReference({ ...part, options: { ...options, momentum: 1 } }).state);
  }
  if (runningUpdate === "average") next = averaged(state, seen, mode.update ? momentum : 0);
  return { output: { shape: x.shape, data: output }, state: next };
}

/** The state after the mean of what single chunks have for statistics. */
function averaged(state: Arrays, seen: readonly Arrays[], momentum: number | null): Arrays {
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum ?? 1 / batches;
  const blended = Object.entries(state).map(([name, { shape, data }]) => {
    const blend = (old: number, c: number): number => {
      const mean = seen.reduce((sum, s) => sum + s[name]!.data[c]! / seen.length, 0);
      return old + share * (mean - old);
    };
    const next = name === "numBatchesTracked" ? Float64Array.of(batches) : data.map(blend);
    return [name, { shape, data: share === 0 ? data : next }];
  });
  return Object.fromEntries(blended);
}

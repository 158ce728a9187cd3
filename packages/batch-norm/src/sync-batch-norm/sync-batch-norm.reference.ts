import type { NdArray, NormCall } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import type { SyncBatchNormCondition, SyncBatchNormOptions } from "./sync-batch-norm.ts";

type Call = NormCall<SyncBatchNormOptions, SyncBatchNormCondition>;
type Arrays = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: Arrays };

/** Batch norm of all samples; with replicas that count alike, by the mean of their moments. */
export function syncBatchNormReference(call: Call): Result {
  const { x, params, state, mode, options, condition } = call;
  const plain = { ...call, condition: undefined };
  if (options.weighting !== "equal") return batchNormReference(plain);
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1 } = options;
  const statistics = Array.from({ length: channels }, (_, c) =>
    equalMean(planesOf(x, c), condition?.replicas ?? [samples]),
  );
  const batches = (state["numBatchesTracked"]?.data[0] ?? 0) + 1;
  const share = momentum ?? 1 / batches;
  const next = Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => {
      const key = name === "runningMean" ? "mean" : "variance";
      const blended = data.map((v, c) => v + share * (statistics[c]![key] - v));
      const counted = name === "numBatchesTracked" ? Float64Array.of(batches) : blended;
      return [name, { shape, data: mode.update ? counted : data }];
    }),
  );
  if (mode.statistics === "running" && state["runningMean"]) {
    const { output } = batchNormReference({ ...plain, mode: { ...mode, update: false } });
    return { output, state: next };
  }
  const output = x.data.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const { mean, variance } = statistics[c]!;
    const standard = (v - mean) / Math.sqrt(variance + eps);
    return standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
  });
  return { output: { shape: x.shape, data: output }, state: next };
}

/** The values of a channel, sample by sample. */
function planesOf({ shape, data }: NdArray, c: number): Float64Array[] {
  const [samples, channels] = shape as [number, number];
  const space = data.length / (samples * channels);
  return Array.from({ length: samples }, (_, n) => {
    const start = (n * channels + c) * space;
    return data.slice(start, start + space);
  });
}

/** detectron2: the mean over replicas of the mean and of the mean square. */
function equalMean(planes: readonly Float64Array[], replicas: readonly number[]) {
  const sizes = replicas.filter((n) => n > 0);
  let from = 0;
  let mean = 0;
  let square = 0;
  for (const size of sizes) {
    const values = planes.slice(from, from + size).flatMap((plane) => [...plane]);
    from += size;
    for (const v of values) mean += v / values.length / sizes.length;
    for (const v of values) square += v ** 2 / values.length / sizes.length;
  }
  return { mean, variance: square - mean ** 2 };
}

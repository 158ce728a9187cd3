import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { BatchRenormOptions } from "./batch-renorm.ts";

type Arrays = Readonly<Record<string, NdArray>>;
type Call = Omit<NormCall<BatchRenormOptions>, "params" | "mode" | "condition">;
type Result = { readonly output: NdArray; readonly state: Arrays };

/** What a channel is normalized by: the batch's statistics, and how they are corrected. */
export interface Correction {
  readonly mean: number;
  readonly std: number;
  readonly r: number;
  readonly d: number;
}

/** Ioffe, Algorithm 1: r and d of every channel of [N, C, …space], the bounds those of the batch's number. */
export function corrections({ x, state, options }: Call): Correction[] {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, rMax = 3, dMax = 5 } = options;
  const { warmupSteps = 5000, rMaxSteps = 40000, dMaxSteps = 25000 } = options;
  const batches = state["numBatchesTracked"]!.data[0]!;
  const grown = (to: number): number => {
    if (batches < warmupSteps) return 0;
    return to > warmupSteps ? Math.min((batches - warmupSteps) / (to - warmupSteps), 1) : 1;
  };
  const most = 1 + (rMax - 1) * grown(rMaxSteps);
  const far = dMax * grown(dMaxSteps);
  return Array.from({ length: channels }, (_, c) => {
    const values = x.data.filter((_unused, i) => Math.floor(i / space) % channels === c);
    const mean = values.reduce((sum, v) => sum + v / values.length, 0);
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2 / values.length, 0);
    const std = Math.sqrt(variance + eps);
    const [center, spread] = [state["runningMean"]!.data[c]!, state["runningStd"]!.data[c]!];
    const r = Math.min(Math.max(std / spread, 1 / most), most);
    const d = Math.min(Math.max((mean - center) / spread, -far), far);
    return { mean, std, r, d };
  });
}

/** Ioffe, Algorithm 1, on [N, C, …space] in float64; evaluation by the running mean and deviation. */
export function batchRenormReference(call: NormCall<BatchRenormOptions>): Result {
  const { x, params, state, mode, options } = call;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const batch = corrections(call);
  const { runningMean, runningStd, numBatchesTracked } = state;
  const output = x.data.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const { mean, std, r, d } = batch[c]!;
    const standard =
      mode.statistics === "running"
        ? (v - runningMean!.data[c]!) / runningStd!.data[c]!
        : ((v - mean) / std) * r + d;
    return standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
  });
  if (!mode.update) return { output: { shape: x.shape, data: output }, state };
  const batches = numBatchesTracked!.data[0]! + 1;
  const { momentum = 0.01 } = options;
  const share = momentum ?? 1 / batches;
  const blend = ({ shape, data }: NdArray, pick: (b: Correction) => number): NdArray => ({
    shape,
    data: data.map((v, c) => v + share * (pick(batch[c]!) - v)),
  });
  const next = {
    runningMean: blend(runningMean!, (b) => b.mean),
    runningStd: blend(runningStd!, (b) => b.std),
    numBatchesTracked: { shape: [], data: Float64Array.of(batches) },
  };
  return { output: { shape: x.shape, data: output }, state: next };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { SwitchableNormOptions } from "./switchable-norm.ts";

type Arrays = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: Arrays };

interface Statistics {
  readonly mean: number;
  readonly variance: number;
}

/** The published code's statistics on [N, C, …space] in float64: t = var + mean² is averaged. */
export function switchableNormReference({
  x,
  params,
  state,
  mode,
  options,
}: NormCall<SwitchableNormOptions>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, momentum = 0.1, usingBn = true, unbiasedInstanceVar = true } = options;
  const instances = Array.from({ length: samples * channels }, (_, plane) =>
    instanceOf(x.data.subarray(plane * space, (plane + 1) * space), unbiasedInstanceVar),
  );
  const layers = Array.from({ length: samples }, (_, n) =>
    together(instances.slice(n * channels, (n + 1) * channels)),
  );
  const batch = Array.from({ length: channels }, (_, c) =>
    together(instances.filter((_unused, plane) => plane % channels === c)),
  );
  const next = mode.update && usingBn ? updated(state, batch, momentum) : state;
  const { runningMean, runningVar } = state;
  const running = mode.statistics === "running" && runningMean;
  const [a, b] = [softmax(params["meanWeight"]!.data), softmax(params["varWeight"]!.data)];
  const output = x.data.map((v, i) => {
    const plane = Math.floor(i / space);
    const c = plane % channels;
    const own = running
      ? { mean: runningMean.data[c]!, variance: runningVar!.data[c]! }
      : batch[c]!;
    const parts = [instances[plane]!, layers[Math.floor(plane / channels)]!, own];
    let mean = 0;
    let variance = 0;
    for (let k = 0; k < a.length; k++) {
      mean += a[k]! * parts[k]!.mean;
      variance += b[k]! * parts[k]!.variance;
    }
    const standard = (v - mean) / Math.sqrt(variance + eps);
    return standard * params["weight"]!.data[c]! + params["bias"]!.data[c]!;
  });
  return { output: { shape: x.shape, data: output }, state: next };
}

function instanceOf(values: Float64Array, unbiased: boolean): Statistics {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v / n, 0);
  const m2 = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, variance: m2 / (unbiased && n > 1 ? n - 1 : n) };
}

function together(parts: readonly Statistics[]): Statistics {
  const n = parts.length;
  const mean = parts.reduce((sum, p) => sum + p.mean / n, 0);
  const t = parts.reduce((sum, p) => sum + (p.variance + p.mean ** 2) / n, 0);
  return { mean, variance: t - mean ** 2 };
}

function softmax(logits: Float64Array): Float64Array {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, v) => sum + Math.exp(v - largest), 0);
  return logits.map((v) => Math.exp(v - largest) / total);
}

function updated(state: Arrays, batch: readonly Statistics[], momentum: number | null): Arrays {
  const batches = state["numBatchesTracked"]!.data[0]! + 1;
  const share = momentum ?? 1 / batches;
  const blend = (old: NdArray, pick: (s: Statistics) => number): NdArray => ({
    shape: old.shape,
    data: old.data.map((v, c) => v + share * (pick(batch[c]!) - v)),
  });
  return {
    runningMean: blend(state["runningMean"]!, (s) => s.mean),
    runningVar: blend(state["runningVar"]!, (s) => s.variance),
    numBatchesTracked: { shape: [], data: Float64Array.of(batches) },
  };
}

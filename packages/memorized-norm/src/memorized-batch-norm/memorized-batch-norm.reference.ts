import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { MemorizedBatchNormOptions } from "./memorized-batch-norm.ts";

type Call = NormCall<MemorizedBatchNormOptions>;
type State = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: State };
type Entry = readonly [mean: number, variance: number];

/** The weighted memory in front of batch norm, on [N, C, …space] in float64. */
export function memorizedBatchNormReference(call: Call): Result {
  const { x, params, state, mode, options } = call;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const output = new Float64Array(x.data.length);
  const batch: Entry[] = [];
  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) at.push((n * channels + c) * space + s);
    }
    const own = momentsOf(at.map((i) => x.data[i]!));
    batch.push(own);
    const [mean, variance] = join(usedEntries(call, own, c), options);
    for (const i of at) {
      const standard = (x.data[i]! - mean) / Math.sqrt(variance + (options.eps ?? 1e-5));
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
  }
  const next = mode.update ? push(state, batch) : state;
  return { output: { shape: x.shape, data: output }, state: next };
}

function momentsOf(values: readonly number[]): Entry {
  const mean = values.reduce((sum, v) => sum + v / values.length, 0);
  return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2 / values.length, 0)];
}

/** The entries that count, newest first. */
function usedEntries({ state, mode, options }: Call, own: Entry, c: number): readonly Entry[] {
  const { numFeatures, memorySize = 3, burnIn = 0 } = options;
  const tracked = state["numBatchesTracked"]!.data[0]!;
  const at = (name: string, age: number): number => state[name]!.data[age * numFeatures + c]!;
  const stored = Array.from(
    { length: Math.min(memorySize, tracked) },
    (_, age): Entry => [at("memoryMean", age), at("memoryVar", age)],
  );
  if (mode.statistics === "running") return stored;
  return tracked + 1 <= burnIn ? [own] : [own, ...stored];
}

function join(entries: readonly Entry[], options: MemorizedBatchNormOptions): Entry {
  const { decay = 0.9, varianceRule = "average" } = options;
  const total = entries.reduce((sum, _, age) => sum + decay ** age, 0);
  let [mean, variance, square] = [0, 0, 0];
  entries.forEach(([m, v], age) => {
    const share = decay ** age / total;
    mean += share * m;
    variance += share * v;
    square += share * (v + m * m);
  });
  return [mean, varianceRule === "pooled" ? Math.max(0, square - mean * mean) : variance];
}

function push(state: State, batch: readonly Entry[]): State {
  const pushed = (name: string, values: readonly number[]): NdArray => {
    const { shape, data } = state[name]!;
    return {
      shape,
      data: Float64Array.of(...values, ...data.slice(0, data.length - values.length)),
    };
  };
  const tracked = state["numBatchesTracked"]!.data[0]! + 1;
  return {
    memoryMean: pushed(
      "memoryMean",
      batch.map(([mean]) => mean),
    ),
    memoryVar: pushed(
      "memoryVar",
      batch.map(([, variance]) => variance),
    ),
    numBatchesTracked: { shape: [], data: Float64Array.of(tracked) },
  };
}

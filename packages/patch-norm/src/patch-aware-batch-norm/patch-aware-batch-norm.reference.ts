import { random } from "@evenkeel/autodiff";
import type { NdArray, NormCall } from "@evenkeel/testkit";
import type {
  PatchAwareBatchNormCondition,
  PatchAwareBatchNormOptions,
  PatchPlan,
  PatchVersion,
} from "./patch-aware-batch-norm.ts";
import { drawPatchPlan } from "./plan.ts";

type Call = NormCall<PatchAwareBatchNormOptions, PatchAwareBatchNormCondition>;
type Arrays = Readonly<Record<string, NdArray>>;

/** The published layers on [N, C, …space] in float64: split, normalize patch by patch, put together, mix. */
export function patchAwareBatchNormReference(call: Call): { output: NdArray; state: Arrays } {
  const { x, state, mode } = call;
  const running = copy(state);
  const plain = (): Float64Array => normalized(call, positions(x.shape, {})[0]!, state, undefined);
  if (mode.statistics === "running" && !mode.update) {
    return { output: { shape: x.shape, data: plain() }, state };
  }
  const { first, second, useSecond } = (call.condition?.plan ?? drawn(call)) as PatchPlan;
  const before = plain();
  const a = versionOf(call, first, running, mode.update);
  const b = second ? versionOf(call, second, running, false) : a;
  const space = x.data.length / (x.shape[0]! * x.shape[1]!);
  const mixed = a.map((v, i) => (useSecond?.[Math.floor(i / space) % x.shape[1]!] ? b[i]! : v));
  const data = mode.statistics === "running" ? before : mixed;
  return { output: { shape: x.shape, data }, state: mode.update ? running : state };
}

function drawn({ x, state, options }: Call): PatchPlan {
  const [height, width] = [1, 1, ...x.shape.slice(2)].slice(-2) as [number, number];
  const depth = x.data.length / (x.shape[1]! * height * width);
  const { statProb = 0.5, channelProb = 0.5, seed = 0 } = options;
  const updates = state["numBatchesTracked"]!.data[0]!;
  const sizes = { depth, channels: x.shape[1]!, height, width };
  const stream = random(Math.imul(updates + 1, 0x9e3779b1) ^ seed);
  return drawPatchPlan(sizes, { statProb, channelProb }, stream);
}

/** One version; where it updates, `running` is changed after each patch. */
function versionOf(
  call: Call,
  version: PatchVersion,
  running: Arrays,
  update: boolean,
): Float64Array {
  const output = new Float64Array(call.x.data.length);
  positions(call.x.shape, version).forEach((patch, i) => {
    const own = version.ownStatistics?.[i] ?? patch.map(() => 1);
    const normal = normalized(call, patch, running, own);
    for (const channel of patch) for (const at of channel) output[at] = normal[at]!;
    if (update) move(call, patch, running);
  });
  return output;
}

/** For each patch, row by row, and each channel: where its values lie. */
function positions(shape: readonly number[], { rowSplit, colSplit }: PatchVersion): number[][][] {
  const [channels, ...space] = shape.slice(1) as [number, ...number[]];
  const [height, width] = [1, 1, ...space].slice(-2) as [number, number];
  const size = shape.reduce((product, n) => product * n, 1);
  const perChannel = space.reduce((product, n) => product * n, 1);
  const patches: number[][][] = [];
  for (let i = 0; i < size; i++) {
    const lower = rowSplit !== undefined && Math.floor(i / width) % height >= rowSplit ? 1 : 0;
    const right = colSplit !== undefined && i % width >= colSplit ? 1 : 0;
    const number = lower * (colSplit === undefined ? 1 : 2) + right;
    patches[number] ??= Array.from({ length: channels }, () => []);
    patches[number][Math.floor(i / perChannel) % channels]!.push(i);
  }
  return patches;
}

/** The whole array, normalized as the patch is: by running statistics where a channel has no flag. */
function normalized(
  { x, params, options: { eps = 1e-5 } }: Call,
  patch: readonly (readonly number[])[],
  running: Arrays,
  own: ArrayLike<unknown> | undefined,
): Float64Array {
  const output = new Float64Array(x.data.length);
  patch.forEach((at, c) => {
    const { mean, m2 } = momentsOf(at.map((i) => x.data[i]!));
    const [center, variance] = own?.[c]
      ? [mean, m2 / at.length]
      : [running["runningMean"]!.data[c]!, running["runningVar"]!.data[c]!];
    for (const i of at) {
      const standard = (x.data[i]! - center) / Math.sqrt(variance + eps);
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
  });
  return output;
}

function move(
  { x, options: { momentum = 0.1, unbiasedRunningVar = true } }: Call,
  patch: readonly (readonly number[])[],
  running: Arrays,
): void {
  const { runningMean, runningVar, numBatchesTracked } = running;
  const updates = ++numBatchesTracked!.data[0]!;
  const share = momentum ?? 1 / updates;
  patch.forEach((at, c) => {
    const { mean, m2 } = momentsOf(at.map((i) => x.data[i]!));
    const spread = m2 / (unbiasedRunningVar ? at.length - 1 : at.length);
    runningMean!.data[c]! += share * (mean - runningMean!.data[c]!);
    runningVar!.data[c]! += share * (spread - runningVar!.data[c]!);
  });
}

function momentsOf(numbers: readonly number[]): { mean: number; m2: number } {
  const mean = numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
  return { mean, m2: numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0) };
}

function copy(state: Arrays): Arrays {
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import {
  batchReference,
  nextState,
  positionsOf,
  type Statistics,
  standardized,
  statisticsOf,
} from "../batch.reference.ts";
import type {
  TaskBalancedBatchNormCondition,
  TaskBalancedBatchNormOptions,
} from "./task-balanced-batch-norm.ts";

type Call = NormCall<TaskBalancedBatchNormOptions, TaskBalancedBatchNormCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Cha and others' published layer, block after block. */
export function taskBalancedBatchNormReference(call: Call): Result {
  const { x, mode, options } = call;
  const samples = Array.from({ length: x.shape[0]! }, (_, n) => n);
  const isMemory = (n: number): boolean => Boolean(call.condition?.memory?.[n]);
  const current = samples.filter((n) => !isMemory(n));
  const memory = samples.filter(isMemory);
  const splits = largestSplit(call.condition?.task ?? 0, current.length, memory.length);
  if (splits === 1) return batchReference(call);
  const output = new Float64Array(x.data.length);
  const stored = Array.from({ length: x.shape[1]! }, (_, c) => {
    const blocks = Array.from({ length: splits }, (_, j): Statistics => {
      const members = [...current.filter((_, k) => k % splits === j), ...memory];
      const numbers = positionsOf(x.shape, c, members).map((i) => x.data[i]!);
      return statisticsOf(numbers, options);
    });
    current.forEach((n, k) => {
      for (const i of positionsOf(x.shape, c, [n])) {
        output[i] = standardized(call, c, blocks[k % splits]!, x.data[i]!);
      }
    });
    for (const i of positionsOf(x.shape, c, memory)) {
      output[i] = average(blocks.map((block) => standardized(call, c, block, x.data[i]!)));
    }
    return {
      mean: average(blocks.map((block) => block.mean)),
      stored: average(blocks.map((block) => block.stored)),
    };
  });
  const next = nextState(call, stored);
  if (mode.statistics === "running") {
    return { output: batchReference(call).output, state: next };
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

/** Samples of the current task per sample of memory, times tasks seen; or less, so that it divides both. */
function largestSplit(task: number, current: number, memory: number): number {
  if (current === 0 || memory === 0) return 1;
  let largest = 1;
  for (let r = 1; r * memory <= current * task; r++) {
    if (current % r === 0 && memory % r === 0) largest = r;
  }
  return largest;
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
}

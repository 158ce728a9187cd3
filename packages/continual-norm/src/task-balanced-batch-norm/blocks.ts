import { fail, show, ValueError } from "@evenkeel/autodiff";

/** What task-balanced batch norm must be told where it takes statistics of a batch. */
export interface TaskBalancedBatchNormCondition {
  /** The current task, counted from 0. */
  readonly task: number;
  /** For each sample whether it comes from memory (1 or true). Default: none does. */
  readonly memory?: ArrayLike<number | boolean> | undefined;
}

/**
 * Into how many blocks the samples of the current task are divided: as many as make every block hold one
 * share per task, or the next smaller common divisor of both counts.
 *
 * @param task - The current task, counted from 0.
 *
 * @example
 * [1, 2, 3, 6].map((task) => numTaskSplits(task, 48, 16)); // [2, 4, 8, 16]
 */
export function numTaskSplits(task: number, numCurrent: number, numMemory: number): number {
  if (numCurrent === 0 || numMemory === 0) return 1;
  const wanted = Math.floor((numCurrent * task) / numMemory);
  for (let splits = Math.min(wanted, numMemory); splits > 1; splits--) {
    if (numCurrent % splits === 0 && numMemory % splits === 0) return splits;
  }
  return 1;
}

/**
 * The share of each block's statistics in each sample's output: 1 in one block for samples of the current
 * task, the same in all blocks for those of memory. Blocks are made of the samples with a share.
 */
export function blocksOf(
  where: string,
  condition: TaskBalancedBatchNormCondition | undefined,
  samples: number,
): readonly Float64Array[] {
  const task = checkTask(where, condition?.task);
  const memory = checkMemory(where, condition?.memory, samples);
  const numMemory = memory.filter(Boolean).length;
  const splits = numTaskSplits(task, samples - numMemory, numMemory);
  const blocks = Array.from({ length: splits }, () => new Float64Array(samples));
  let seen = 0;
  memory.forEach((kept, n) => {
    if (kept) for (const block of blocks) block[n] = 1 / splits;
    else blocks[seen++ % splits]![n] = 1;
  });
  return blocks;
}

function checkTask(where: string, task: number | undefined): number {
  if (Number.isInteger(task) && task! >= 0) return task!;
  return fail(
    {
      where: `${where} task`,
      expected: "the number of the current task, counted from 0",
      got: task === undefined ? "none" : show(task),
      hint: "Pass it in the condition.",
    },
    ValueError,
  );
}

function checkMemory(
  where: string,
  memory: ArrayLike<number | boolean> | undefined,
  samples: number,
): readonly boolean[] {
  const flags = memory ? Array.from(memory) : Array.from({ length: samples }, () => 0);
  const at = flags.findIndex((flag) => Number(flag) !== 0 && Number(flag) !== 1);
  if (flags.length === samples && at < 0) return flags.map(Boolean);
  return fail(
    {
      where: `${where} memory`,
      expected: `${samples} flags, one per sample, 1 for those from memory and 0 for others`,
      got: at < 0 ? `${flags.length}` : `${show(flags[at])} at position ${at}`,
      hint: "Pass them in the condition.",
    },
    ValueError,
  );
}

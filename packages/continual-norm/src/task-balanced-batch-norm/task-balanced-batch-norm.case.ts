import { zeros } from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { acceptsBatch, batchRejections, everyMode, expectNear } from "../batch.case.ts";
import { taskBalancedBatchNormReference } from "./task-balanced-batch-norm.reference.ts";
import {
  type TaskBalancedBatchNormCondition,
  type TaskBalancedBatchNormOptions,
  taskBalancedBatchNorm,
} from "./task-balanced-batch-norm.ts";

const ofFour: TaskBalancedBatchNormCondition = { task: 1, memory: [0, 0, 1, 1] };

/** What task-balanced batch norm promises, as data for `normSuite`. */
export const taskBalancedBatchNormCase: NormCase<
  TaskBalancedBatchNormOptions,
  TaskBalancedBatchNormCondition
> = {
  norm: taskBalancedBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false },
    { numFeatures, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: taskBalancedBatchNormReference,
  modes: everyMode,
  shapes: { batch: [1, 2, 4, 6] },
  accepts: acceptsBatch,
  condition(stream, [samples]) {
    const task = stream.integer(4);
    const memory: number[] = Array.from({ length: samples! }, (_, n) => (2 * n < samples! ? 0 : 1));
    // Mostly half and half, in any order; also counts that have no common divisor.
    const order = stream.permutation(samples!);
    if (stream.next() < 0.3) memory[0] = stream.integer(2);
    return { task, memory: [...order].map((n) => memory[n]!) };
  },
  exceptions: {
    permutation: "which samples of the current task share a block depends on their order",
  },
  laws: [
    {
      name: "it is batch norm in the first task, and where all or nothing is from memory",
      modes: [training],
      holds({ bound, x, params, state }) {
        const each = (flag: number): number[] => Array.from({ length: x.shape[0]! }, () => flag);
        const half = each(0).map((_, n) => n % 2);
        const plain = bound.apply(x, params, state, { condition: { task: 0 } });
        for (const condition of [
          { task: 0, memory: half },
          { task: 3, memory: each(0) },
          { task: 3, memory: each(1) },
          { task: 3 },
        ]) {
          const got = bound.apply(x, params, state, { condition });
          expectNear(got.output, plain.output);
          for (const [name, t] of Object.entries(got.state)) expectNear(t, plain.state[name]!);
        }
      },
    },
    {
      name: "evaluation needs to be told nothing",
      modes: [evaluation],
      holds({ bound, x, params, state, mode, condition }) {
        if (!state["runningMean"]) return;
        const told = bound.apply(x, params, state, { mode, condition });
        expectNear(bound.apply(x, params, state, { mode }).output, told.output);
      },
    },
  ],
  rejects: [
    ...batchRejections<TaskBalancedBatchNormOptions, TaskBalancedBatchNormCondition>(
      "taskBalancedBatchNorm",
      ofFour,
    ),
    {
      name: "training without a task",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message:
        "taskBalancedBatchNorm task: expected the number of the current task, counted from 0, got none. Pass it in the condition.",
    },
    {
      name: "task -1",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { task: -1 } }),
      message:
        "taskBalancedBatchNorm task: expected the number of the current task, counted from 0, got -1. Pass it in the condition.",
    },
    {
      name: "flags of another number of samples",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { task: 1, memory: [0, 1] } }),
      message:
        "taskBalancedBatchNorm memory: expected 4 flags, one per sample, 1 for those from memory and 0 for others, got 2. Pass them in the condition.",
    },
    {
      name: "tasks in place of flags",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { task: 2, memory: [2, 2, 1, 0] } }),
      message:
        "taskBalancedBatchNorm memory: expected 4 flags, one per sample, 1 for those from memory and 0 for others, got 2 at position 0. Pass them in the condition.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([1, 3, 1]), params, state, { condition: { task: 1 } }),
      message:
        "taskBalancedBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
  ],
  golden: [
    {
      method: "tbbn",
      options: ({ numFeatures, eps, momentum }) =>
        ({ numFeatures, eps, momentum }) as TaskBalancedBatchNormOptions,
      understands: ["taskIndex", "numSplits"],
      // The file's layout: samples of the current task first, batchRatio for each of memory.
      condition({ config, step, inputs }) {
        const samples = inputs["x"]!.shape[0]!;
        const ratio = config["batchRatio"] as number;
        const task = step["taskIndex"] as number;
        const numCurrent = task === 0 ? samples : Math.floor(samples / (ratio + 1)) * ratio;
        const memory = Array.from({ length: samples }, (_, n) => (n < numCurrent ? 0 : 1));
        return { task, memory };
      },
    },
  ],
};

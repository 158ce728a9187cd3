import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import tbbn from "../../golden/tbbn.json" with { type: "json" };
import { taskBalancedBatchNormCase } from "./task-balanced-batch-norm.case.ts";
import { numTaskSplits } from "./task-balanced-batch-norm.ts";

describe("taskBalancedBatchNorm", () => {
  const suite = normSuite(taskBalancedBatchNormCase, { golden: [tbbn] });
  for (const { name, run } of suite) test(name, run);

  test.each([
    ["in blocks", { task: 1, memory: [0, 0, 0, 0, 1, 1] }],
    ["of the first task", { task: 0 }],
  ])("a step %s costs the four kernels of batch norm", (_, condition) => {
    expect(stepKernels({ ...taskBalancedBatchNormCase, condition: () => condition })).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

describe("numTaskSplits", () => {
  test("is what the published code derives", () => {
    for (const { config, steps } of tbbn.cases) {
      const { currentBatch, memoryBatch } = config as Record<string, number>;
      for (const { taskIndex, numSplits } of steps) {
        expect(numTaskSplits(taskIndex, currentBatch!, memoryBatch!)).toBe(numSplits);
      }
    }
    const splits = [0, 1, 2, 3, 5, 6, 20].map((task) => numTaskSplits(task, 48, 16));
    expect(splits).toEqual([1, 2, 4, 8, 8, 16, 16]);
  });
  test("is 1 where a side is empty or the counts have no common divisor", () => {
    expect([numTaskSplits(3, 0, 8), numTaskSplits(3, 8, 0), numTaskSplits(3, 7, 4)]).toEqual([
      1, 1, 1,
    ]);
  });
});

import { add, cpu, grad, leaves, sum, type Tensor, tensor, useBackend } from "@evenkeel/autodiff";
import { expectRefusal } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { applyBranch, branchRow, checkBranch, initBranches, updateBranches } from "./branches.ts";
import { type Applied, evaluation, type Tensors, training } from "./norm.ts";
import { updateRunning } from "./running.ts";

afterEach(() => useBackend(cpu));

const f64 = (data: Parameters<typeof tensor>[0]): Tensor => tensor(data, { dtype: "float64" });
const numbers = (state: Tensors): Record<string, unknown> =>
  Object.fromEntries(Object.entries(state).map(([name, t]) => [name, t.toArray()]));
const batch = { mean: f64([1, 2]), variance: f64([3, 4]) };

/** A norm that takes a batch of these statistics in. */
const takeIn =
  (momentum: number | null = 0.5) =>
  (state: Tensors): Applied => ({
    output: f64([0]),
    state: updateRunning("example", state, batch, momentum),
  });

describe("branchRow", () => {
  test("is a row of the table, and gives the gradient back to that row alone", () => {
    const table = f64([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(branchRow(table, 1).toArray()).toEqual([3, 4]);
    expect(branchRow(f64([7, 8]), 1).item()).toBe(8);
    expect(grad((t: Tensor) => sum(branchRow(t, 2)))(table).toArray()).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
  });
});

describe("checkBranch", () => {
  test("takes whole numbers below the number of branches", () => {
    expect([0, 1, 2].map((b) => checkBranch("example", b, 3))).toEqual([0, 1, 2]);
  });
  for (const branch of [-1, 3, 0.5, Number.NaN, undefined]) {
    test(`refuses ${branch}`, () => {
      expectRefusal(
        "a branch",
        () => checkBranch("example", branch, 3),
        `example branch: expected a whole number from 0 to 2, got ${branch ?? "none"}. Pass it in the condition.`,
      );
    });
  }
});

describe("applyBranch", () => {
  const fresh = initBranches(2, 2, "float64");

  test("gives the norm one branch's state and puts the next one among the others'", () => {
    const { state } = applyBranch("example", fresh, { branch: 1, mode: training }, takeIn());
    expect(numbers(state)).toEqual({
      runningMean: [
        [0, 0],
        [0.5, 1],
      ],
      runningVar: [
        [1, 1],
        [2, 2.5],
      ],
      numBatchesTracked: [0, 1],
    });
    expect(leaves(state).map((t) => t.dtype)).toEqual(["float64", "float64", "float64"]);
  });
  test("gives back the very state that came in when nothing was updated", () => {
    const idle = (state: Tensors): Applied => ({ output: f64([0]), state });
    const frozen = { statistics: "batch", update: false } as const;
    expect(applyBranch("example", fresh, { branch: 1, mode: frozen }, idle).state).toBe(fresh);
    const none: Tensors = {};
    expect(applyBranch("example", none, { branch: 1, mode: evaluation }, idle).state).toBe(none);
  });
  test("counts each branch's batches on their own for a cumulative average", () => {
    let state = fresh;
    for (const branch of [0, 1, 0]) {
      state = applyBranch("example", state, { branch, mode: training }, takeIn(null)).state;
    }
    expect(numbers(state)["numBatchesTracked"]).toEqual([2, 1]);
    expect(numbers(state)["runningMean"]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
  test("refuses running statistics of a branch that no batch went through", () => {
    const { state } = applyBranch("example", fresh, { branch: 0, mode: training }, takeIn());
    applyBranch("example", state, { branch: 0, mode: evaluation }, takeIn());
    expectRefusal(
      "an untrained branch",
      () => applyBranch("example", state, { branch: 1, mode: evaluation }, takeIn()),
      "example: expected running statistics of branch 1, got a branch that has never been trained. Train on it first, or evaluate by another branch.",
    );
  });
  test("takes statistics without a count, as some official checkpoints have them", () => {
    const loaded = { ...fresh, runningMean: add(fresh["runningMean"]!, 0.1) };
    const { output } = applyBranch("example", loaded, { branch: 1, mode: evaluation }, takeIn());
    expect(output.item()).toBe(0);
  });
});

describe("updateBranches", () => {
  const rows = {
    mean: f64([
      [1, 2],
      [3, 4],
    ]),
    variance: f64([
      [5, 6],
      [7, 8],
    ]),
  };
  for (const momentum of [0.25, null]) {
    test(`does for all branches what applyBranch does for one, momentum ${momentum}`, () => {
      let expected = initBranches(2, 2, "float64");
      let got = expected;
      // Branch 0 is one batch ahead.
      const ahead = applyBranch("example", got, { branch: 0, mode: training }, takeIn(momentum));
      expected = ahead.state;
      got = ahead.state;
      for (const branch of [0, 1]) {
        const own = {
          mean: branchRow(rows.mean, branch),
          variance: branchRow(rows.variance, branch),
        };
        const run = (state: Tensors): Applied => ({
          output: f64([0]),
          state: updateRunning("example", state, own, momentum),
        });
        expected = applyBranch("example", expected, { branch, mode: training }, run).state;
      }
      expect(numbers(updateBranches("example", got, rows, momentum))).toEqual(numbers(expected));
    });
  }
  test("leaves a state without statistics as it is, and one without counts uncounted", () => {
    const none: Tensors = {};
    expect(updateBranches("example", none, rows, 0.1)).toBe(none);
    const { numBatchesTracked: _, ...uncounted } = initBranches(2, 2, "float64");
    const next = updateBranches("example", uncounted, rows, 1);
    expect(numbers(next)).toEqual({
      runningMean: rows.mean.toArray(),
      runningVar: rows.variance.toArray(),
    });
  });
  test("names the channel of what is not finite, whichever branch it is in", () => {
    const broken = {
      ...rows,
      mean: f64([
        [1, 2],
        [3, Number.NaN],
      ]),
    };
    expectRefusal(
      "NaN",
      () => updateBranches("example", initBranches(2, 2, "float64"), broken, 0.1),
      "example: expected a finite running mean, got NaN in channel 1. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    );
  });
});

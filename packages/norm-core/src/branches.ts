import {
  type DType,
  fail,
  ones,
  reshape,
  scope,
  where as select,
  show,
  slice,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import type { Applied, Mode, Tensors } from "./norm.ts";
import { type BatchStatistics, hasRunning, hasTrained, updateRunning } from "./running.ts";

// Running statistics in several sets, one per branch (clean and adversarial images, domains, candidate
// architectures): every entry of the state has the branches along its first axis.

/** Running statistics of every branch before any batch: [numBranches, numFeatures], a counter each. */
export function initBranches(numBranches: number, numFeatures: number, dtype: DType): Tensors {
  return {
    runningMean: zeros([numBranches, numFeatures], { dtype }),
    runningVar: ones([numBranches, numFeatures], { dtype }),
    numBatchesTracked: zeros([numBranches], { dtype }),
  };
}

/** One branch's entry of a table with the branches along its first axis. */
export function branchRow(table: Tensor, branch: number): Tensor {
  return reshape(slice(table, [branch], [branch + 1]), table.shape.slice(1));
}

/**
 * Refuses what does not name one of the branches.
 *
 * @returns The branch that came in.
 * @throws ValueError for none, or another number than 0 … numBranches − 1.
 */
export function checkBranch(
  where: string,
  branch: number | undefined,
  numBranches: number,
): number {
  if (Number.isInteger(branch) && branch! >= 0 && branch! < numBranches) return branch!;
  return fail(
    {
      where: `${where} branch`,
      expected: `a whole number from 0 to ${numBranches - 1}`,
      got: branch === undefined ? "none" : show(branch),
      hint: "Pass it in the condition.",
    },
    ValueError,
  );
}

/**
 * Runs a norm on one branch's running statistics and puts the next ones back among the others.
 *
 * @param state - Of all branches, from `initBranches`; {} where nothing is tracked.
 * @param run - The norm, given that branch's state as a norm with one set of statistics has it.
 * @throws ValueError where the mode asks for running statistics of a branch that has never seen a batch.
 */
export function applyBranch(
  where: string,
  state: Tensors,
  { branch, mode }: { readonly branch: number; readonly mode: Mode },
  run: (state: Tensors) => Applied,
): Applied {
  if (!hasRunning(state)) return run(state);
  const own = mapTensors(state, (t) => branchRow(t, branch));
  if (mode.statistics === "running") checkTrained(where, own, branch);
  const { output, state: next } = run(own);
  if (next === own) return { output, state };
  return { output, state: scope(() => replaceRow(state, branch, next)) };
}

/**
 * `updateRunning` for all branches at once, each with a batch of its own.
 *
 * @param batch - [numBranches, numFeatures] each.
 */
export function updateBranches(
  where: string,
  state: Tensors,
  batch: BatchStatistics,
  momentum: number | null,
): Tensors {
  const counted = state["numBatchesTracked"];
  if (!counted) return updateRunning(where, state, batch, momentum);
  return scope(() => {
    const wide = { ...state, numBatchesTracked: reshape(counted, [counted.size, 1]) };
    const next = updateRunning(where, wide, batch, momentum);
    return { ...next, numBatchesTracked: reshape(next["numBatchesTracked"]!, counted.shape) };
  });
}

/** Refuses the first values: a branch that no batch went through would hardly normalize at all. */
function checkTrained(where: string, own: Tensors, branch: number): void {
  if (hasTrained(own)) return;
  fail(
    {
      where,
      expected: `running statistics of branch ${branch}`,
      got: "a branch that has never been trained",
      hint: "Train on it first, or evaluate by another branch.",
    },
    ValueError,
  );
}

function replaceRow(state: Tensors, branch: number, row: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(state).map(([name, t]) => {
      const next = row[name]!;
      const here = new Float64Array(t.shape[0]!);
      here[branch] = 1;
      const shape = t.shape.map((n, i) => (i === 0 ? n : 1));
      return [name, select(tensor(here, { shape, dtype: t.dtype }), next, t)];
    }),
  );
}

function mapTensors(tensors: Tensors, f: (t: Tensor) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, f(t)]));
}

import {
  currentBackend,
  fail,
  type Random,
  random as stream,
  ValueError,
} from "@evenkeel/autodiff";
import type { Tensors } from "@evenkeel/norm-core";
import { checkPlan } from "./check-plan.ts";
import { drawPatchPlan, type PatchPlan, type PlanChances, type PlanSizes } from "./plan.ts";

/**
 * Where the random choices of a training call come from; by default the option `seed` and the state, which has to
 * be in the process's memory.
 */
export interface PatchAwareBatchNormCondition {
  /** The choices themselves. */
  readonly plan?: PatchPlan | undefined;
  /** A stream to draw them from; the norms of a network draw from it one after the other. */
  readonly random?: Random | undefined;
}

/** The choices of a call. */
export function planOf(
  where: string,
  condition: PatchAwareBatchNormCondition | undefined,
  state: Tensors,
  sizes: PlanSizes,
  options: PlanChances & { readonly seed: number },
): PatchPlan {
  if (condition?.plan) return checkPlan(where, condition.plan, sizes);
  return drawPatchPlan(sizes, options, condition?.random ?? ownStream(where, state, options.seed));
}

/** Another stream after every update, and the same one from the same state. */
function ownStream(where: string, { numBatchesTracked }: Tensors, seed: number): Random {
  if (currentBackend().inProcess) {
    const updates = numBatchesTracked!.data[0]!;
    return stream(Math.imul(updates + 1, 0x9e3779b1) ^ seed);
  }
  return fail(
    {
      where,
      expected: "random or plan in the condition, where memory cannot be looked at",
      got: "neither",
      hint: "Pass for example { random: random(1) }.",
    },
    ValueError,
  );
}

import {
  fail,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
} from "@evenkeel/autodiff";
import type { Mode } from "@evenkeel/norm-core";
import type { CrossIterationBatchNormOptions } from "./options.ts";

/** What cross-iteration batch norm is told of the layer that made x; all of it counts as constant. */
export interface CrossIterationBatchNormCondition {
  /** The layer's weight, [numFeatures, …filterShape]; read where the batch's statistics are used or stored. */
  readonly weight: Tensor;
  /**
   * The derivative of a channel's mean by its filter, the mean of what the filter saw: one for all channels
   * of a group, [groups, …filterShape]. Read where statistics are updated.
   */
  readonly meanSlope?: Tensor | undefined;
  /**
   * The derivative of a channel's mean of x² by its filter, 2·mean(x · what the filter saw):
   * [numFeatures, …filterShape]. Read where statistics are updated.
   */
  readonly squareSlope?: Tensor | undefined;
}

/** Refuses a condition that lacks what the mode needs; undefined where the norm follows no weight. */
export function checkCondition(
  where: string,
  condition: CrossIterationBatchNormCondition | undefined,
  { numFeatures, filterShape, groups }: Required<CrossIterationBatchNormOptions>,
  { statistics, update }: Mode,
): CrossIterationBatchNormCondition | undefined {
  if (!filterShape || (statistics === "running" && !update)) return undefined;
  const check = (name: keyof CrossIterationBatchNormCondition, rows: number): void =>
    checkShape(where, name, condition?.[name], [rows, ...filterShape]);
  check("weight", numFeatures);
  if (update) {
    check("meanSlope", groups);
    check("squareSlope", numFeatures);
  }
  return condition;
}

function checkShape(where: string, name: string, t: Tensor | undefined, shape: Shape): void {
  if (t && sameShape(t.shape, shape)) return;
  fail(
    {
      where: `${where} ${name}`,
      expected: `shape ${showShape(shape)}`,
      got: t ? showShape(t.shape) : "none",
      hint: "Pass it in the condition, or let crossIterationConv2d do it.",
    },
    ShapeError,
  );
}

import { fail, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import { type Layout, rowPlanes } from "@evenkeel/norm-core";

/** A weight [filters, …] as one row of numbers for each filter. */
export function filterRows(where: string, weight: Tensor): Layout {
  if (weight.rank < 2 || weight.size === 0) {
    fail(
      { where, expected: "a weight of shape [filters, …]", got: showShape(weight.shape) },
      ShapeError,
    );
  }
  return rowPlanes(weight.shape, restOf(weight));
}

/** The axes of a filter. */
export function restOf(weight: Tensor): readonly number[] {
  return weight.shape.map((_, i) => i).slice(1);
}

/** Refuses filters of a single weight: standardized, it would be 0 whatever it is. */
export function checkFanIn(where: string, weight: Tensor): void {
  if (weight.size / weight.shape[0]! > 1) return;
  fail(
    {
      where,
      expected: "filters of more than one weight",
      got: showShape(weight.shape),
      hint: "Leave such layers (1×1 and depthwise) as they are.",
    },
    ShapeError,
  );
}

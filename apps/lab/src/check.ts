import type { Tensor } from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import { drawSample, type GradientFigures, gradientReport, type NormCase } from "@evenkeel/testkit";
import Table from "cli-table3";
import { checkName } from "./names.ts";
import { cases } from "./norms.ts";

type AnyCase = NormCase<object, unknown>;

/**
 * Prints the gradients of a norm beside finite differences, for every option record of its case.
 *
 * @returns Whether all are right.
 */
export function check(name: string): boolean {
  const norm = cases[checkName("lab check", name, Object.keys(cases))]!;
  const table = new Table({
    head: ["options", "mode", "order", "tape", "differences", "relative error", "tolerance", ""],
    colAligns: ["left", "left", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  const shape = shapeOf(norm);
  let right = true;
  for (const options of norm.options(shape[1]!, shape)) {
    for (const [label, mode] of Object.entries({ training, evaluation })) {
      if (norm.accepts?.(shape, options, mode) === false) continue;
      for (const figures of figuresOf(norm, shape, options, mode)) {
        right &&= figures.verdict === "right";
        table.push([JSON.stringify(options), label, ...cells(figures)]);
      }
    }
  }
  const { card } = norm.norm;
  console.log(
    `${card.name}: x [${shape.join(", ")}], float64, derivatives along a random direction`,
  );
  console.log(table.toString());
  const order = norm.gradientOrder ?? 3;
  if (order < 3) console.log(`Orders above ${order}: ${norm.exceptions?.gradients}`);
  return right;
}

/** A small input that the case takes: [3, 4, 3, 2], or as near to it as its shapes allow. */
function shapeOf({ shapes = {} }: AnyCase): number[] {
  const near = (list: readonly number[] | undefined, wanted: number): number =>
    !list || list.includes(wanted) ? wanted : list.at(-1)!;
  const rank = near(shapes.ranks, 4);
  const space = [3, 2, 2].slice(0, rank - 2).map((side) => near(shapes.side, side));
  return [near(shapes.batch, 3), near(shapes.channels, 4), ...space];
}

function figuresOf(
  norm: AnyCase,
  shape: readonly number[],
  options: object,
  mode: Mode,
): readonly GradientFigures[] {
  const order = norm.gradientOrder ?? 3;
  if (order === 0) return [];
  const { bound, x, params, state, condition } = drawSample(norm, shape, options, mode, 1);
  const f = (at: { readonly x: Tensor; readonly params: Tensors }): Tensor =>
    bound.apply(at.x, at.params, state, { mode, condition }).output;
  return gradientReport(f, { x, params }, { order });
}

function cells(figures: GradientFigures): string[] {
  const { order, analytic, numeric, relativeError, tolerance, verdict } = figures;
  return [
    String(order),
    analytic.toPrecision(10),
    numeric.toPrecision(10),
    relativeError.toExponential(1),
    tolerance.toExponential(0),
    verdict,
  ];
}

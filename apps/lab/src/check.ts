import { type GradientFigures, normTrials } from "@evenkeel/testkit";
import Table from "cli-table3";
import { checkName } from "./names.ts";
import { cases } from "./norms.ts";

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
  const trials = [...normTrials(norm)];
  let right = true;
  for (const { options, mode, gradients } of trials) {
    for (const figures of gradients()) {
      right &&= figures.verdict === "right";
      table.push([JSON.stringify(options), mode, ...cells(figures)]);
    }
  }
  const { card } = norm.norm;
  console.log(
    `${card.name}: x [${trials[0]?.shape.join(", ")}], float64, derivatives along a random direction`,
  );
  console.log(table.toString());
  const order = norm.gradientOrder ?? 3;
  if (order < 3) console.log(`Orders above ${order}: ${norm.exceptions?.gradients}`);
  return right;
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

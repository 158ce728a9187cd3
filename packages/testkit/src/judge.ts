import { scope, type Tensor, type Tree, tensor } from "@evenkeel/autodiff";
import { type Difference, derivative } from "./derivative.ts";
import type { GradientFigures, Order } from "./gradients.ts";
import type { Direction, Phi } from "./phi.ts";
import { tolerances } from "./tolerances.ts";
import { mapTensors } from "./tree.ts";

export interface Question {
  readonly order: Order;
  /** The function whose gradient is judged. */
  readonly phi: Phi;
  readonly at: Tree;
  /** Its gradient by the tape. */
  readonly gradients: readonly Tensor[];
  /** Its size at the point, see `Phi`. */
  readonly magnitude: number;
  readonly step: number | undefined;
}

/** The gradient along a direction against differences along it. */
export function judge(question: Question, direction: Direction): GradientFigures {
  const { order, phi, at, magnitude } = question;
  const tolerance = tolerances.gradient[order];
  const { analytic, scale } = inner(question.gradients, direction);
  // What rounding alone does to a difference of numbers of this size.
  const noise = (h: number): number => (32 * Number.EPSILON * magnitude) / h;
  const found = derivative(
    (s) => scope(() => phi(moved(at, direction, s)).item()),
    (h) => Math.max(0.1 * tolerance * scale, noise(h)),
    question.step,
  );
  const size = Math.max(scale, Math.abs(found.value), noise(found.step) / tolerance);
  const error = Math.abs(analytic - found.value);
  const smooth = found.doubt <= tolerance * size;
  const verdict = error <= tolerance * size && smooth ? "right" : smooth ? "wrong" : "not smooth";
  const figures: GradientFigures = {
    order,
    analytic,
    numeric: found.value,
    relativeError: error === 0 ? 0 : error / size,
    tolerance,
    step: found.step,
    verdict,
  };
  return verdict === "right" ? figures : { ...figures, complaint: complain(figures, found) };
}

/** ⟨g, u⟩, and what errors are relative to: it, or a tenth of its terms where they cancel. */
function inner(
  gradients: readonly Tensor[],
  direction: Direction,
): { analytic: number; scale: number } {
  let analytic = 0;
  let squares = 0;
  gradients.forEach((g, i) => {
    g.data.forEach((v, j) => {
      const term = v * direction[i]![j]!;
      analytic += term;
      squares += term * term;
    });
  });
  const scale = Math.max(Math.abs(analytic), 0.1 * Math.sqrt(squares));
  return { analytic, scale: Number.isFinite(scale) ? scale : 0 };
}

/** `at` + s · direction. */
function moved(at: Tree, direction: Direction, s: number): Tree {
  let i = 0;
  return mapTensors(at, (t) => {
    const u = direction[i++]!;
    const data = Float64Array.from(t.data, (v, j) => v + s * u[j]!);
    return tensor(data, { shape: t.shape });
  });
}

function complain({ verdict, analytic, numeric }: GradientFigures, found: Difference): string {
  if (verdict === "wrong") return `${analytic} where differences give ${numeric}`;
  const { left, right, doubt, step } = found;
  return `slopes ${left} to the left and ${right} to the right at step ${step}, stencils ${doubt} apart`;
}

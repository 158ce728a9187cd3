import {
  type ErrorDetail,
  EvenkeelError,
  fail,
  grad,
  leaves,
  OptionError,
  type Random,
  random,
  scope,
  type Tensor,
  type Tree,
} from "@evenkeel/autodiff";
import { sameBits } from "./compare.ts";
import { judge } from "./judge.ts";
import { along, contraction, type Direction, type Phi } from "./phi.ts";
import { entries } from "./tree.ts";

export type Order = 1 | 2 | 3;

/** What one comparison of a derivative with finite differences found. */
export interface GradientFigures {
  readonly order: Order;
  /** The derivative along the direction, from the tape. */
  readonly analytic: number;
  /** The same from differences of the derivative one order lower. */
  readonly numeric: number;
  /** |analytic − numeric| relative to the larger of the two and of the terms they are sums of. */
  readonly relativeError: number;
  readonly tolerance: number;
  /** Step of the differences. */
  readonly step: number;
  readonly verdict: "right" | "wrong" | "not smooth" | "not reproducible";
  /** Where it is not right: the argument that is farthest off, as a path. */
  readonly argument?: string;
  /** Where it is not right: the numbers, in words. */
  readonly complaint?: string;
}

export interface GradientOptions {
  /** Orders 1 to this one are checked. Default 1. */
  readonly order?: Order | undefined;
  /** Seed of the directions and of the cotangent. Default 1. */
  readonly seed?: number | undefined;
  /** Largest step of the differences; smaller ones are tried after it. Default 2⁻⁷. */
  readonly step?: number | undefined;
}

/** Thrown by `checkGradients`; `figures` are the numbers behind the message. */
export class GradientError extends EvenkeelError {
  override readonly name = "GradientError";
  readonly figures: GradientFigures;
  constructor(detail: ErrorDetail, figures: GradientFigures) {
    super(detail);
    this.figures = figures;
  }
}

/**
 * Compares f's gradients with finite differences along a random direction, in float64, and demands
 * the same bits from a second backward run.
 *
 *     φ₀(x) = ⟨c, f(x)⟩      φₖ(x) = ⟨∇φₖ₋₁(x), uₖ⟩      φₖ against differences of φₖ₋₁ along uₖ
 *
 * Each order is compared with differences of the one below it, so errors do not pile up and the
 * tolerances (`tolerances.gradient`) can be tight.
 *
 * @param f - From tensors to a tensor (or a nesting of them); `at` is given to it as it is.
 * @param at - A float64 tensor, or arrays and plain records of them, where f is smooth.
 * @returns The figures of each order.
 * @throws GradientError naming the order, the argument and the numbers; also where f has a kink.
 *
 * @example
 * const x = tensor([[0.1, 0.2]], { dtype: "float64" });
 * checkGradients((at) => softmax(at), x, { order: 3 });
 */
export function checkGradients<T extends Tree>(
  f: (at: T) => Tree,
  at: T,
  options: GradientOptions = {},
): GradientFigures[] {
  const report = gradientReport(f, at, options);
  for (const figures of report) {
    if (figures.verdict !== "right") throw new GradientError(explain(figures), figures);
  }
  return report;
}

/** The figures of every order, without throwing for those that are not right. */
export function gradientReport<T extends Tree>(
  f: (at: T) => Tree,
  at: T,
  { order = 1, seed = 1, step }: GradientOptions = {},
): GradientFigures[] {
  const inputs = checkTensors(at, "the argument");
  const stream = random(seed);
  const call = (x: Tree): Tree => f(x as T);
  const outputs = scope(() => checkTensors(call(at), "the result").map(([, t]) => t.size));
  let phi = contraction(call, drawSigned(outputs, stream));
  const report: GradientFigures[] = [];
  for (let k = 1; k <= order; k++) {
    const direction = drawSigned(
      inputs.map(([, t]) => t.size),
      stream,
    );
    const lower = phi;
    report.push(scope(() => compare(k as Order, lower, at, inputs, direction, step)));
    phi = along(lower, direction);
  }
  return report;
}

type Entry = readonly [path: string, t: Tensor];

function checkTensors(tree: Tree, what: string): Entry[] {
  const found = entries(tree);
  if (found.length === 0) {
    fail({ where: "checkGradients", expected: `a tensor in ${what}`, got: "none" }, OptionError);
  }
  for (const [path, t] of found) {
    if (t.dtype === "float64") continue;
    fail(
      {
        where: "checkGradients",
        expected: "float64 tensors",
        got: `${t.dtype} in ${path || what}`,
        hint: 'Make them with { dtype: "float64" } or cast(x, "float64"): differences of float32 numbers say nothing about a gradient.',
      },
      OptionError,
    );
  }
  return found;
}

/** ±[½, 1): away from 0, so that every element counts, and bounded, so that the stencil's reach is. */
function drawSigned(sizes: readonly number[], stream: Random): Direction {
  const draw = (): number => {
    const u = stream.next();
    return u < 0.5 ? -0.5 - u : u;
  };
  return sizes.map((length) => Float64Array.from({ length }, draw));
}

function compare(
  order: Order,
  phi: Phi,
  at: Tree,
  inputs: readonly Entry[],
  direction: Direction,
  step: number | undefined,
): GradientFigures {
  const gradients = leaves(grad(phi)(at));
  const again = leaves(grad(phi)(at));
  const question = { order, phi, at, gradients, magnitude: phi.magnitude(at), step };
  const figures = judge(question, direction);
  const changed = gradients.findIndex((g, i) => !sameBits(g, again[i]!));
  if (changed >= 0) {
    return {
      ...figures,
      verdict: "not reproducible",
      argument: nameOf(inputs, changed),
      complaint: "other ones when the backward ran again",
    };
  }
  if (figures.verdict === "right") return figures;
  return locate(inputs, direction, (alone) => judge(question, alone)) ?? figures;
}

/** The argument that is farthest off when it is moved alone. */
function locate(
  inputs: readonly Entry[],
  direction: Direction,
  judgeAlong: (alone: Direction) => GradientFigures,
): GradientFigures | undefined {
  let worst: GradientFigures | undefined;
  for (let i = 0; i < inputs.length; i++) {
    const alone = direction.map((u, k) => (k === i ? u : new Float64Array(u.length)));
    const found = judgeAlong(alone);
    if (found.verdict === "right") continue;
    if (worst && found.relativeError <= worst.relativeError) continue;
    worst = { ...found, argument: nameOf(inputs, i) };
  }
  return worst;
}

function nameOf(inputs: readonly Entry[], i: number): string {
  return inputs[i]![0] || "the argument";
}

function explain(figures: GradientFigures): ErrorDetail {
  const { order, argument = "all arguments", verdict, relativeError, tolerance } = figures;
  const where = `checkGradients, order ${order}, ${argument}`;
  const got = figures.complaint ?? "";
  if (verdict === "not reproducible") return { where, expected: "the same bits twice", got };
  if (verdict === "not smooth") {
    return {
      where,
      expected: "a function that is smooth at the sample",
      got,
      hint: "Not smooth here: keep the sample away from kinks and jumps (relu and abs from 0, max from ties), and the numbers from overflow.",
    };
  }
  return {
    where,
    expected: `the derivative along a direction within ${tolerance}`,
    got: `${got} (relative error ${relativeError.toExponential(1)})`,
    hint:
      order === 1
        ? "The vjp of an op on the way is wrong, or something that depends on the argument was held constant."
        : "Lower orders are right: a gradient rule uses numbers that it should compute with ops.",
  };
}

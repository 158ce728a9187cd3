import {
  add,
  cast,
  currentBackend,
  div,
  fail,
  maximum,
  minimum,
  mul,
  OptionError,
  scope,
  show,
  sqrt,
  square,
  sum,
  type Tensor,
  ValueError,
  zeros,
} from "@evenkeel/autodiff";
import { statisticsDType } from "@evenkeel/norm-core";

/** Gradients by parameter name. */
export type Grads = Readonly<Record<string, Tensor>>;

/**
 * Refuses NaN and Infinity, where the backend's memory can be looked at.
 *
 * @throws ValueError that names the parameter and the first such element.
 */
export function checkFiniteGradient(where: string, name: string, grad: Tensor): void {
  if (!currentBackend().inProcess) return;
  const { data } = grad;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]!)) continue;
    fail(
      {
        where,
        expected: `a finite gradient of ${name}`,
        got: `${data[i]} at element ${i}`,
        hint: "The loss overflowed: lower the learning rate or clip gradients.",
      },
      ValueError,
    );
  }
}

function checkMax(where: string, max: number): void {
  if (max > 0) return;
  fail({ where, expected: "a number > 0", got: show(max) }, OptionError);
}

/**
 * Gradients scaled down together so that their common Euclidean norm is at most `maxNorm`.
 *
 *     g ← g · min(1, maxNorm / (norm + 1e-6))
 *
 * @returns The gradients, and their norm before: one number, to be read with `norm.item()`, or
 *   `await norm.read()` where the backend's memory is not in the process.
 * @throws ValueError that names the parameter if a gradient is not finite, where the backend's memory can be
 *   looked at; elsewhere look at the norm.
 *
 * @example
 * optimizer.step(clipGradNorm(grads, 1).grads);
 */
export function clipGradNorm(
  grads: Grads,
  maxNorm: number,
): { readonly grads: Record<string, Tensor>; readonly norm: Tensor } {
  checkMax("clipGradNorm", maxNorm);
  return scope(() => {
    const norm = commonNorm(Object.values(grads));
    if (currentBackend().inProcess && !Number.isFinite(norm.item())) {
      for (const [name, g] of Object.entries(grads)) checkFiniteGradient("clipGradNorm", name, g);
    }
    const scale = minimum(div(maxNorm, add(norm, 1e-6)), 1);
    return { grads: mapGrads(grads, (g) => mul(g, cast(scale, g.dtype))), norm };
  });
}

/** The Euclidean norm of all together, in the statistics' dtype. */
function commonNorm(grads: readonly Tensor[]): Tensor {
  const [first, ...rest] = grads.map((g) => sum(square(cast(g, statisticsDType(g)))));
  return sqrt(rest.reduce(add, first ?? zeros([])));
}

/**
 * Gradients with every element moved into [−max, max].
 *
 * @example
 * optimizer.step(clipGradValue(grads, 0.5));
 */
export function clipGradValue(grads: Grads, max: number): Record<string, Tensor> {
  checkMax("clipGradValue", max);
  return mapGrads(grads, (g) => maximum(minimum(g, max), -max));
}

function mapGrads(grads: Grads, f: (g: Tensor) => Tensor): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, f(g)]));
}

import {
  fail,
  maximum,
  minimum,
  mul,
  OptionError,
  show,
  type Tensor,
  ValueError,
} from "@evenkeel/autodiff";

/** Gradients by parameter name. */
export type Grads = Readonly<Record<string, Tensor>>;

/** @throws ValueError that names the parameter and the first element that is NaN or Infinity. */
export function checkFiniteGradient(where: string, name: string, grad: Tensor): void {
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
 * @returns The gradients and their norm before.
 * @throws ValueError that names the parameter if a gradient is not finite.
 *
 * @example
 * optimizer.step(clipGradNorm(grads, 1).grads);
 */
export function clipGradNorm(
  grads: Grads,
  maxNorm: number,
): { readonly grads: Record<string, Tensor>; readonly norm: number } {
  checkMax("clipGradNorm", maxNorm);
  let total = 0;
  for (const [name, grad] of Object.entries(grads)) {
    checkFiniteGradient("clipGradNorm", name, grad);
    for (const g of grad.data) total += g * g;
  }
  const norm = Math.sqrt(total);
  const scale = maxNorm / (norm + 1e-6);
  return { grads: mapGrads(grads, (g) => (scale < 1 ? mul(g, scale) : g)), norm };
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

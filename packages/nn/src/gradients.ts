import { fail, OptionError, show, Tensor, valueAndGrad } from "@evenkeel/autodiff";
import { type Parameter, transaction } from "./cell.ts";
import type { Module } from "./module.ts";

export interface Gradients<X> {
  /** What the function returned: the loss. */
  readonly value: Tensor;
  /** The gradient of each trainable parameter, by name. */
  readonly grads: Record<string, Tensor>;
  readonly aux: X;
}

/**
 * A loss and its gradients with respect to a model's trainable parameters.
 *
 * While `f` runs, each trainable parameter's `value` is a watched tensor; afterwards it is what it
 * was. It is the `valueAndGrad` of the core for functions that reach parameters through modules
 * instead of arguments, and may be nested for gradients of gradients. If `f` throws, running
 * statistics that it changed are put back. Memory of everything but the result is given back; put the
 * whole step into a `scope` to give back that, too.
 *
 * @param f - Returns the loss, a tensor of one element, or a pair `[loss, aux]` of it and anything.
 * @returns `{ value, grads, aux }`; untrainable parameters are not in `grads`.
 * @throws ShapeError if the loss has not one element, OptionError if it is no tensor, and whatever `f`
 *   throws.
 *
 * @example
 * const { value, grads } = gradients(model, () => crossEntropy(model.forward(x), labels));
 * optimizer.step(grads);
 */
export function gradients<X = undefined>(
  model: Module,
  f: () => Tensor | readonly [Tensor, X],
): Gradients<X> {
  const trainable = [...model.namedParameters()].filter(([, p]) => p.trainable);
  const values = Object.fromEntries(trainable.map(([name, p]) => [name, p.value]));
  const run = (leaves: Record<string, Tensor>): readonly [Tensor, X] =>
    binding(trainable, leaves, () => {
      const result: unknown = f();
      const [loss, aux]: readonly unknown[] = Array.isArray(result) ? result : [result];
      return [checkLoss(loss), aux as X];
    });
  return transaction(() => valueAndGrad(run, { hasAux: true })(values));
}

function checkLoss(loss: unknown): Tensor {
  if (loss instanceof Tensor) return loss;
  return fail(
    {
      where: "gradients",
      expected: "a function returning the loss, or [loss, aux]",
      got: show(loss),
      hint: "It must be synchronous and return the loss itself.",
    },
    OptionError,
  );
}

/** Runs `fn` with the parameters' values replaced by the tensors of their names. */
function binding<R>(
  parameters: readonly (readonly [string, Parameter])[],
  leaves: Readonly<Record<string, Tensor>>,
  fn: () => R,
): R {
  const before = parameters.map(([, p]) => p.bound);
  for (const [name, p] of parameters) p.bound = leaves[name];
  try {
    return fn();
  } finally {
    parameters.forEach(([, p], i) => {
      p.bound = before[i];
    });
  }
}

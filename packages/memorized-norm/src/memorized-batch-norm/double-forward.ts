import { keep, release, scope, stopGradient, type Tensor } from "@evenkeel/autodiff";

/** What has named buffers, as every module of `@evenkeel/nn` does. */
export interface Stateful {
  namedBuffers(): ReadonlyMap<string, { readonly value: Tensor; replace(next: Tensor): void }>;
}

/**
 * A training step and a second forward by the updated parameters: the buffers go back to what they were
 * before the step, and the forward takes the same batch in anew.
 *
 * **When to use.** With norms that remember batches: what they stored in the step was made by weights that
 * the step has changed. It costs one forward. All other buffers take the batch in once, too: in the second
 * forward.
 *
 * @param model - Whose buffers are put back.
 * @param step - Forward, backward and update.
 * @param forward - The model's forward on the step's batch, in training mode; its result is dropped. A
 *   dropout in it draws a mask of its own.
 * @returns What `step` returned.
 * @throws Whatever `step` and `forward` throw; after a throw of `forward` buffers are as the step left them.
 *
 * @example
 * const model = norm(memorizedBatchNorm, { numFeatures: 3 });
 * const optimizer = new SGD(model, { lr: 0.1 });
 * const x = random(1).normal([2, 3, 4, 4]);
 * const forward = () => model.forward(x);
 * const loss = doubleForward(model, () => {
 *   const { value, grads } = gradients(model, () => sum(square(forward())));
 *   optimizer.step(grads);
 *   return value;
 * }, forward);
 *
 * @see Guo et al., Double Forward Propagation for Memorized Batch Normalization, AAAI 2018, arXiv 2010.04947.
 */
export function doubleForward<R>(model: Stateful, step: () => R, forward: () => unknown): R {
  const before = buffersOf(model);
  try {
    const result = step();
    again(model, before, forward);
    return result;
  } finally {
    release(...before.values());
  }
}

function again(model: Stateful, before: ReadonlyMap<string, Tensor>, forward: () => unknown): void {
  const after = buffersOf(model);
  replaceBuffers(model, before);
  try {
    scope(() => void forward());
  } catch (error) {
    replaceBuffers(model, after);
    throw error;
  } finally {
    release(...after.values());
  }
}

function buffersOf(model: Stateful): Map<string, Tensor> {
  const held = [...model.namedBuffers()].map(
    ([name, { value }]) => [name, keep(stopGradient(value))] as const,
  );
  return new Map(held);
}

function replaceBuffers(model: Stateful, values: ReadonlyMap<string, Tensor>): void {
  for (const [name, buffer] of model.namedBuffers()) buffer.replace(values.get(name)!);
}

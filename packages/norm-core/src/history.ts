import { cast, concat, reshape, slice, stopGradient, type Tensor } from "@evenkeel/autodiff";

/**
 * What was stored of the last batches, one row for each, with a new row in front; the oldest row falls out.
 *
 * **When to use.** For norms that remember batches: a state has tensors of fixed shapes, so rows that no
 * batch has filled yet are there, too, and a count says which.
 *
 * @param history - [rows, …].
 * @param newest - As many elements as one row, in any shape and dtype; a constant from now on.
 * @returns [rows, …] in the history's dtype.
 *
 * @example
 * pushed(tensor([[1, 2], [3, 4]]), tensor([5, 6])); // [[5, 6], [1, 2]]
 */
export function pushed(history: Tensor, newest: Tensor): Tensor {
  const [rows, ...shape] = history.shape as [number, ...number[]];
  const row = cast(reshape(stopGradient(newest), [1, ...shape]), history.dtype);
  return concat([row, slice(stopGradient(history), [0], [rows - 1])], 0);
}

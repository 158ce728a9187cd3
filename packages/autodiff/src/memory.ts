import type { Tensor } from "./tensor.ts";

/** The tensors made in the innermost scope; undefined outside all of them. */
let owned: Tensor[] | undefined;

/** @internal Puts a new tensor under the innermost scope. */
export function own(t: Tensor): void {
  owned?.push(t);
}

/** @internal Makes `list` the innermost scope's and returns the one before. */
export function swapOwned(list: Tensor[] | undefined): Tensor[] | undefined {
  const before = owned;
  owned = list;
  return before;
}

/**
 * Gives the memory of a tensor back at once. For owners of long-lived tensors, such as optimizers;
 * what a scope made, the scope releases. Twice is harmless.
 */
export function release(...tensors: readonly Tensor[]): void {
  for (const t of tensors) giveBack(t);
}

/** @internal `release` of one tensor. */
export function giveBack(t: Tensor): void {
  const { storage } = t;
  if (!storage) return;
  t.storage = undefined;
  if (--storage.users === 0) storage.backend.free(storage);
}

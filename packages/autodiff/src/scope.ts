import { OptionError, refuse } from "./error.ts";
import { release, swapOwned } from "./memory.ts";
import { recording } from "./tape.ts";
import type { Tensor } from "./tensor.ts";
import { leaves } from "./tree.ts";

/**
 * Runs `fn` and gives back the memory of every tensor it made, except those in its result (nested
 * in arrays or plain objects) and those marked by `keep`. `grad` and `valueAndGrad` are scopes.
 *
 * Inside a recording nothing can be given back yet: it is left to the scope outside.
 */
export function scope<R>(fn: () => R): R {
  const mine: Tensor[] = [];
  const outer = swapOwned(mine);
  const returned = new Set<Tensor>();
  try {
    const result = fn();
    if (result instanceof Promise) {
      refuse(
        OptionError,
        "scope",
        "a synchronous function",
        "a Promise",
        "Await outside: memory is given back when the function returns.",
      );
    }
    for (const t of leaves(result)) returned.add(t);
    return result;
  } finally {
    swapOwned(outer);
    const inUse = recording();
    for (const t of mine) {
      if (t.kept) continue;
      if (inUse || returned.has(t)) outer?.push(t);
      else release(t);
    }
  }
}

/** Marks tensors (nested in arrays or plain objects) to outlive the scope that made them. */
export function keep<T>(tree: T): T {
  for (const t of leaves(tree)) t.kept = true;
  return tree;
}

import { OptionError, refuse } from "./error.ts";
import { giveBack, swapOwned } from "./memory.ts";
import { recording } from "./tape.ts";
import type { Tensor } from "./tensor.ts";
import { leaves } from "./tree.ts";

/**
 * Runs `fn` and gives back the memory of every tensor it made, except those in its result (nested
 * in arrays or plain objects) and those marked by `keep`. `grad` and `valueAndGrad` are scopes.
 *
 * Inside a recording nothing can be given back yet: all is left to the scope outside.
 */
export function scope<R>(fn: () => R): R {
  if (recording()) return settled(fn());
  const mine: Tensor[] = [];
  const outer = swapOwned(mine);
  let returned: readonly Tensor[] = [];
  try {
    const result = settled(fn());
    returned = leaves(result);
    return result;
  } finally {
    swapOwned(outer);
    for (const t of returned) t.returned = true;
    for (const t of mine) {
      if (t.kept) continue;
      if (t.returned) outer?.push(t);
      else giveBack(t);
    }
    for (const t of returned) t.returned = false;
  }
}

/** The result of a scope's function, which must not be still at work. */
function settled<R>(result: R): R {
  if (!(result instanceof Promise)) return result;
  return refuse(
    OptionError,
    "scope",
    "a synchronous function",
    "a Promise",
    "Await outside: memory is given back when the function returns.",
  );
}

/** Marks tensors (nested in arrays or plain objects) to outlive the scope that made them. */
export function keep<T>(tree: T): T {
  for (const t of leaves(tree)) t.kept = true;
  return tree;
}

import { OptionError, refuse, show } from "./error.ts";
import { Tensor } from "./tensor.ts";

/** A tensor, or arrays and plain records of them, nested. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/** Every tensor in nested arrays and plain objects, in order; anything else is passed over. */
export function leaves(value: unknown, into: Tensor[] = []): Tensor[] {
  if (value instanceof Tensor) into.push(value);
  else if (Array.isArray(value)) for (const item of value) leaves(item, into);
  else if (isRecord(value)) for (const item of Object.values(value)) leaves(item, into);
  return into;
}

/** The same nesting with `f` of each tensor; refuses anything that is not a tensor. */
export function mapTree<T>(where: string, tree: T, f: (t: Tensor) => Tensor): T {
  const walk = (value: unknown, path: string): unknown => {
    if (value instanceof Tensor) return f(value);
    if (Array.isArray(value)) return value.map((item, i) => walk(item, `${path}[${i}]`));
    if (isRecord(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, walk(item, `${path}.${name}`)]),
      );
    }
    return refuse(
      OptionError,
      where,
      `tensors in ${path || "the argument"}`,
      show(value),
      "Close over what is not differentiated, or make it a tensor.",
    );
  };
  return walk(tree, "") as T;
}

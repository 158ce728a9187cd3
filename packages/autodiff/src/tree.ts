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
  else if (isRecord(value)) for (const name in value) leaves(value[name], into);
  return into;
}

/** The same nesting with `f` of each tensor; refuses anything that is not a tensor. */
export function mapTree<T>(where: string, tree: T, f: (t: Tensor) => Tensor): T {
  const path: (string | number)[] = [];
  const walk = (value: unknown): unknown => {
    if (value instanceof Tensor) return f(value);
    if (Array.isArray(value)) return value.map((item, i) => step(i, item));
    if (isRecord(value)) {
      const made: Record<string, unknown> = {};
      for (const name in value) made[name] = step(name, value[name]);
      return made;
    }
    return refuse(
      OptionError,
      where,
      `tensors in ${path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("") || "the argument"}`,
      show(value),
      "Close over what is not differentiated, or make it a tensor.",
    );
  };
  const step = (key: string | number, value: unknown): unknown => {
    path.push(key);
    const made = walk(value);
    path.pop();
    return made;
  };
  return walk(tree) as T;
}

import { transform } from "sucrase";
import { UnreadableError } from "./failure.ts";

/** A program without types, with imports as calls of `require`; every line is where it was. */
export interface Compiled {
  readonly code: string;
  /** The packages it may ask for. */
  readonly imports: readonly string[];
}

/**
 * Strips the types from a program and turns its imports into calls.
 *
 * @throws UnreadableError with the line.
 */
export function compile(source: string): Compiled {
  const { code } = strip(source);
  const imports = [...code.matchAll(/\brequire\((["'])([^"'\n]+)\1\)/g)].map((match) => match[2]!);
  return { code, imports: [...new Set(imports)] };
}

function strip(source: string): { readonly code: string } {
  try {
    return transform(source, { transforms: ["typescript", "imports"], disableESTransforms: true });
  } catch (error) {
    const { message, loc } = error as Error & { readonly loc?: { readonly line: number } };
    const words = message.replace(/^Error transforming [^:]*: /, "").replace(/ \(\d+:\d+\)$/, "");
    throw new UnreadableError(`${words}.`, loc?.line);
  }
}

/**
 * The text of a module that runs a compiled program: what it needs is in front of the first line, so that
 * lines in stacks are the user's own.
 *
 * @param key - A property of the worker's global object that holds `require`.
 */
export function moduleText({ code }: Compiled, key: string): string {
  const own = `const require = globalThis[${JSON.stringify(key)}], exports = {};`;
  return `${own} ${code}`;
}

import { format } from "./format.ts";
import type { Failure } from "./messages.ts";

/** A program that cannot be read. */
export class UnreadableError extends Error {
  override readonly name = "SyntaxError";
  readonly inLine: number | undefined;
  constructor(message: string, inLine: number | undefined) {
    super(message);
    this.inLine = inLine;
  }
}

interface Detail {
  readonly hint?: string;
}

/**
 * What is told of something thrown. Evenkeel's errors say what to do in `detail.hint`.
 *
 * @param url - The program's, by which its lines are found in stacks.
 */
export function failureOf(thrown: unknown, url?: string): Failure {
  if (!(thrown instanceof Error)) return { name: "Thrown value", message: format(thrown) };
  const { name, message, stack = "" } = thrown;
  const line = thrown instanceof UnreadableError ? thrown.inLine : url && lineIn(stack, url);
  const hint = detailOf(thrown)?.hint;
  return {
    name,
    message: hint && message.endsWith(hint) ? message.slice(0, -hint.length).trim() : message,
    ...(hint && { hint }),
    ...(typeof line === "number" && { line }),
  };
}

/** The line of the innermost call that the program at a URL made. */
export function lineIn(stack: string, url: string): number | undefined {
  const at = stack.indexOf(`${url}:`);
  if (at === -1) return undefined;
  const line = /^\d+/.exec(stack.slice(at + url.length + 1));
  return line ? Number(line[0]) : undefined;
}

function detailOf(error: Error): Detail | undefined {
  return (error as { readonly detail?: Detail }).detail;
}

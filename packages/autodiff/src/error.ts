/** The parts of a message, so that programs need not parse it. */
export interface ErrorDetail {
  /** The function or option the caller wrote. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  /** What to do about it: a sentence. */
  readonly hint?: string;
}

/** Every error that Evenkeel throws on purpose; `detail` holds the parts of its message. */
export class EvenkeelError extends Error {
  override readonly name: string = "EvenkeelError";
  readonly detail: ErrorDetail;
  constructor(detail: ErrorDetail) {
    const { where, expected, got, hint } = detail;
    super(`${where}: expected ${expected}, got ${got}.${hint ? ` ${hint}` : ""}`);
    this.detail = detail;
  }
}

/** Shapes, ranks, axes or dtypes that do not fit together. */
export class ShapeError extends EvenkeelError {
  override readonly name = "ShapeError";
}
/** An option or argument outside its domain. */
export class OptionError extends EvenkeelError {
  override readonly name = "OptionError";
}
/** Numbers that a computation refuses: NaN, Infinity, indices out of range. */
export class ValueError extends EvenkeelError {
  override readonly name = "ValueError";
}
/** A tensor used after its memory was released, or memory used in a way its owner forbids. */
export class ReleasedError extends EvenkeelError {
  override readonly name = "ReleasedError";
}

/**
 * Throws `<where>: expected <expected>, got <got>. <hint>`.
 *
 * Example: `fail({ where: "add", expected: "shapes that broadcast", got: "[4, 3] and [4, 2]" }, ShapeError)`.
 */
export function fail(
  detail: ErrorDetail,
  Kind: new (detail: ErrorDetail) => EvenkeelError = EvenkeelError,
): never {
  throw new Kind(detail);
}

/** @internal `fail` with its parts in order, for the core's own many short messages. */
export function refuse(
  Kind: new (detail: ErrorDetail) => EvenkeelError,
  where: string,
  expected: string,
  got: string,
  hint?: string,
): never {
  return fail(hint === undefined ? { where, expected, got } : { where, expected, got, hint }, Kind);
}

/** `[8, 3, 4, 4]`, the way shapes are printed in every message. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** A value as the user would write it, cut to one short line. */
export function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  if (value instanceof Promise) return "a Promise";
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The name nearest to `word`, for "Did you mean …?"; undefined when nothing is near. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

import { EvenkeelError, fail } from "@evenkeel/autodiff";
import { showNumbers } from "./show.ts";
import { entries } from "./tree.ts";

/** Thrown where two numbers that should agree do not. */
export class MismatchError extends EvenkeelError {
  override readonly name = "MismatchError";
}

/** Numbers with a shape: a tensor, or what a reference in plain loops returns. */
export interface NumbersLike {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The place where two arrays differ most. */
export interface Deviation {
  /** |got − expected| relative to the largest |expected|; absolute where that is 0. */
  readonly error: number;
  readonly index: readonly number[];
  readonly got: number;
  readonly expected: number;
}

/**
 * Where `got` deviates most from `expected`, and by how much; different shapes deviate infinitely.
 *
 * @param scale - What errors are relative to, if it is larger than the largest expected entry.
 */
export function deviation(got: NumbersLike, expected: NumbersLike, scale = 0): Deviation {
  const sameShape =
    got.shape.length === expected.shape.length &&
    got.shape.every((n, i) => n === expected.shape[i]);
  if (!sameShape) return { error: Infinity, index: [], got: Number.NaN, expected: Number.NaN };
  let size = scale;
  for (let i = 0; i < expected.data.length; i++) {
    const v = Math.abs(expected.data[i]!);
    if (v > size && v < Infinity) size = v;
  }
  let worst = { error: 0, at: 0 };
  for (let i = 0; i < expected.data.length; i++) {
    const [g, e] = [got.data[i]!, expected.data[i]!];
    const error = Object.is(g, e) || g === e ? 0 : Math.abs(g - e) / (size || 1);
    if (error > worst.error) worst = { error, at: i };
    else if (Number.isNaN(error)) worst = { error: Infinity, at: i };
  }
  const index = position(worst.at, expected.shape);
  return {
    error: worst.error,
    index,
    got: got.data[worst.at] ?? Number.NaN,
    expected: expected.data[worst.at] ?? Number.NaN,
  };
}

function position(at: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = at % shape[axis]!;
    at = Math.floor(at / shape[axis]!);
  }
  return index;
}

/**
 * Refuses arrays that deviate by more than `tolerance`; the message shows both.
 *
 * @param scale - See `deviation`. Default 1, the size of the numbers that suites draw: what cancels
 *   to almost nothing is judged by what cancelled.
 */
export function expectClose(
  where: string,
  got: NumbersLike,
  expected: NumbersLike,
  tolerance: number,
  scale = 1,
): void {
  const worst = deviation(got, expected, scale);
  if (worst.error <= tolerance) return;
  const place = worst.index.length > 0 ? ` at [${worst.index.join(", ")}]` : "";
  const sizes = worst.error === Infinity ? "" : ` (relative error ${worst.error.toExponential(1)})`;
  fail(
    {
      where,
      expected: `${showNumbers(expected)} within ${tolerance}`,
      got: `${showNumbers(got)}, worst${place}: ${worst.got} instead of ${worst.expected}${sizes}`,
    },
    MismatchError,
  );
}

/** Whether two arrays hold the same numbers, NaN and the sign of 0 included. */
export function sameBits(a: NumbersLike, b: NumbersLike): boolean {
  if (a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}

/** Remembers the numbers of every tensor in a nesting; the result refuses any change to them. */
export function guard(where: string, tree: unknown): () => void {
  const before = entries(tree).map(([path, t]) => [path, t, t.data.slice()] as const);
  return () => {
    for (const [path, t, data] of before) {
      if (sameBits(t, { shape: t.shape, data })) continue;
      fail(
        {
          where,
          expected: `${path || "the input"} left as it was, ${showNumbers({ shape: t.shape, data })}`,
          got: showNumbers(t),
        },
        MismatchError,
      );
    }
  };
}

import type { Index, Node, Num, Source, Writer } from "../rule.ts";

/** Terms that one thread adds up; longer sums are made in two stages. */
const LONG = 512;

/** Sums short enough to be computed where they are read. */
const SHORT = 16;

/** A sum, or another fold, of `count` terms for each of `size` results. */
export interface Fold {
  readonly size: number;
  readonly count: number;
  readonly inputs: readonly Source[];
  /** The r-th term of result `at`. */
  term(w: Writer, at: Index, r: Index): Num;
  /** Default: their sum. */
  join?(total: Num, term: Num): Num;
}

/** How many parts a long sum is cut into, of equal length but for the last. */
export function partsOf(count: number): { readonly parts: number; readonly length: number } {
  if (count <= LONG) return { parts: 1, length: count };
  const about = Math.ceil(Math.sqrt(count));
  // A length that divides the count needs no check at the end.
  for (let length = about; length <= 2 * about; length++) {
    if (count % length === 0) return { parts: count / length, length };
  }
  return { parts: Math.ceil(count / about), length: about };
}

/** Folds in one stage, or in two: parts of the terms, then the parts. */
export function fold({ size, count, inputs, term, join }: Fold): Node {
  if (count === 0) return { size, inputs: [], pointwise: true, write: () => "0" };
  const { parts, length } = partsOf(count);
  const first = stage(inputs, size * parts, length, join, {
    term: (w, at, i) => {
      if (parts === 1) return term(w, at, i);
      const whole = w.index(`quotient(a, ${parts})`, at);
      return term(w, whole, w.index(`remainder(a, ${parts}) * ${length} + b`, at, i));
    },
    legal:
      parts * length === count
        ? undefined
        : (w, at, i) => `${w.index(`remainder(a, ${parts}) * ${length} + b`, at, i)} < ${count}`,
  });
  if (parts === 1) return first;
  return stage([first], size, parts, join, {
    term: (w, at, i) => w.read(0, w.index(`a * ${parts} + b`, at, i)),
    legal: undefined,
  });
}

const plus = (total: Num, term: Num): Num => `${total} + ${term}`;

interface Terms {
  term(w: Writer, at: Index, i: Index): Num;
  readonly legal: ((w: Writer, at: Index, i: Index) => string) | undefined;
}

function stage(
  inputs: readonly Source[],
  size: number,
  length: number,
  join: Fold["join"],
  { term, legal }: Terms,
): Node {
  return {
    size,
    inputs,
    pointwise: length <= SHORT,
    operations: 2 * length,
    readsOnce: true,
    write: (w, at) => {
      if (length === 1) return term(w, at, "0");
      const total = w.variable(join ? term(w, at, "0") : "0");
      w.loop(length, (i) => {
        const add = (): void => {
          const next = term(w, at, i);
          w.assign(total, (join ?? plus)(total, next));
        };
        if (legal) w.when(legal(w, at, i), add);
        else add();
      });
      return total;
    },
  };
}

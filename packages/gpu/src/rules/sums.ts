import type { Index, Node, Num, Source, Writer } from "../rule.ts";
import { coordinates } from "./coordinates.ts";
import { plus, unrolled } from "./loops.ts";

/** Terms that one thread adds up; longer sums are made in two stages. */
const LONG = 512;

/** Sums short enough to be computed where they are read. */
const SHORT = 16;

/** Terms in the order in which they are added up: rows of `columns`. */
export interface Grid {
  readonly count: number;
  readonly columns: number;
}

/** A sum, or another fold, of `count` terms for each of `size` results. */
export interface Fold extends Grid {
  readonly size: number;
  readonly inputs: readonly Source[];
  /** Writes what the terms of a row of result `at` share; what it hands back writes the one in a column. */
  terms(w: Writer, at: Index, row: Index): (column: Index) => Num;
  /** Default: their sum. */
  join?(total: Num, term: Num): Num;
}

/** How many parts a long sum is cut into, of equal length but for the last. */
export interface Cut {
  readonly parts: number;
  readonly length: number;
}

export function cutOf({ count, columns }: Grid): Cut {
  if (count <= LONG) return { parts: 1, length: count };
  const about = Math.ceil(Math.sqrt(count));
  const lengths = Array.from({ length: about + 1 }, (_, i) => about + i);
  // A length that divides the count needs no check at the end, and rows are best walked from end to end.
  const even = lengths.filter((length) => count % length === 0);
  const length = even.find((n) => columns % n === 0 || n % columns === 0) ?? even[0] ?? about;
  return { parts: Math.ceil(count / length), length };
}

/** Runs `visit` for the terms of one part; `row` writes what those of a row share. */
export function eachTerm(
  w: Writer,
  grid: Grid & Cut,
  part: Index,
  row: (row: Index) => (column: Index) => Num,
  visit: (term: Num) => void,
): void {
  const { count, columns, parts, length } = grid;
  const from = parts === 1 ? "0" : part;
  if (length % columns === 0) {
    const rows = length / columns;
    const first = w.place(plus(w, "0", from, rows));
    w.loop(rows, (r) => {
      const term = row(w.place(plus(w, first, r)));
      unrolled(w, "0", columns, (c) => visit(term(c)));
    });
  } else if (columns % length === 0) {
    const term = row(w.place(w.index(`quotient(a, ${columns / length})`, from)));
    const first = w.place(w.index(`remainder(a, ${columns / length}) * ${length}`, from));
    unrolled(w, first, length, (c) => visit(term(c)));
  } else {
    w.loop(length, (i) => {
      const k = w.place(w.index(`a * ${length} + b`, from, i));
      const own = (): void => {
        const term = row(w.place(w.index(`quotient(a, ${columns})`, k)));
        visit(term(w.place(w.index(`remainder(a, ${columns})`, k))));
      };
      if (parts * length === count) own();
      else w.when(`${k} < ${count}`, own);
    });
  }
}

const add = (total: Num, term: Num): Num => `${total} + ${term}`;

/** Folds in one stage, or in two: parts of the terms, then the parts. */
export function fold({ size, count, columns, inputs, terms, join }: Fold): Node {
  if (count === 0) return { size, inputs: [], pointwise: true, write: () => "0" };
  const cut = cutOf({ count, columns });
  const { parts, length } = cut;
  const first = stage(inputs, { size: size * parts, length, join }, (w, at) => {
    const [whole, part] = coordinates(w, at, [size, parts]);
    const row = (r: Index): ((column: Index) => Num) => terms(w, whole, r);
    return {
      first: () => {
        if (parts === 1) return row("0")("0");
        const k = plus(w, "0", part, length);
        const own = row(w.place(w.index(`quotient(a, ${columns})`, k)));
        return own(w.place(w.index(`remainder(a, ${columns})`, k)));
      },
      each: (visit) => eachTerm(w, { count, columns, ...cut }, part, row, visit),
    };
  });
  if (parts === 1) return first;
  return stage([first], { size, length: parts, join }, (w, at) => {
    const start = w.place(plus(w, "0", at, parts));
    return {
      first: () => w.read(0, start),
      each: (visit) => unrolled(w, start, parts, (k) => visit(w.read(0, k))),
    };
  });
}

interface Form {
  readonly size: number;
  readonly length: number;
  readonly join: Fold["join"];
}

interface Terms {
  first(): Num;
  each(visit: (term: Num) => void): void;
}

function stage(
  inputs: readonly Source[],
  { size, length, join }: Form,
  terms: (w: Writer, at: Index) => Terms,
): Node {
  return {
    ...{ inputs, size, pointwise: length <= SHORT, operations: 2 * length, readsOnce: true },
    write(w, at) {
      const { first, each } = terms(w, at);
      if (length === 1) return first();
      const total = w.variable(join ? first() : "0");
      each((term) => w.assign(total, (join ?? add)(total, term)));
      return total;
    },
  };
}

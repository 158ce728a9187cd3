import type { Index, Node, Num, Source, Writer } from "../rule.ts";
import { coordinates } from "./coordinates.ts";

/** Terms that one variable adds up: with many more the rounding of float32 piles up. */
const RUN = 512;
/** Threads that keep a GPU busy. */
const THREADS = 2 ** 17;
/** Terms that are worth a thread. */
const WORTH = 256;

/** Σ over i < count of `term(i)`, in runs. Terms beyond `count` may be written, but do not count. */
export function total(w: Writer, count: number, term: (i: Index) => Num): Num {
  if (count === 1) return term("0");
  const runs = Math.ceil(count / RUN);
  if (runs <= 1) return addUp(w, count, term);
  const length = Math.ceil(count / runs);
  return addUp(w, runs, (run) =>
    addUp(w, length, (i) => {
      const at = w.index(`a * ${length} + b`, run, i);
      return runs * length === count ? term(at) : upTo(count, at, term(at));
    }),
  );
}

function addUp(w: Writer, count: number, term: (i: Index) => Num): Num {
  const sum = w.variable("0");
  w.loop(count, (i) => w.assign(sum, `${sum} + ${term(i)}`));
  return sum;
}

function upTo(count: number, i: Index, term: Num): Num {
  return `(${i} < ${count} ? ${term} : 0)`;
}

/** Sums of equally many terms, one per element of a result. */
interface Products {
  readonly inputs: readonly Source[];
  readonly size: number;
  /** Terms of each sum. */
  readonly count: number;
  /** Numbers that are added up for each term. Default 1. */
  readonly length?: number;
  /** Writes what the terms of one result share; what it hands back writes the i-th. */
  terms(w: Writer, at: Index): (i: Index) => Num;
}

/** The sums, in one kernel if there are enough of them, else as the sums of partial ones. */
export function sumsOfProducts({ inputs, size, count, length = 1, terms }: Products): Node {
  const whole = { inputs, pointwise: false };
  const worth = Math.min(count, Math.floor((count * length) / WORTH));
  const wanted = Math.min(Math.ceil(THREADS / size), worth);
  if (wanted < 2) return { ...whole, size, write: (w, at) => total(w, count, terms(w, at)) };
  const each = Math.ceil(count / wanted);
  const parts = Math.ceil(count / each);
  const partial: Node = {
    ...whole,
    size: parts * size,
    write(w, at) {
      const [part, own] = coordinates(w, at, [parts, size]);
      const term = terms(w, own);
      return total(w, each, (i) => {
        const k = w.index(`a * ${each} + b`, part, i);
        return parts * each === count ? term(k) : upTo(count, k, term(k));
      });
    },
  };
  return {
    ...{ inputs: [partial], size, pointwise: false, readsOnce: true },
    write: (w, at) => total(w, parts, (part) => w.read(0, w.index(`a * ${size} + b`, part, at))),
  };
}

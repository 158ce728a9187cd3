import type { Index, Node, Num, Source, Writer } from "../rule.ts";
import { coordinates } from "./coordinates.ts";
import { inRuns, inTurns, plus, unrolled } from "./loops.ts";

/** Products that are added up in one statement. */
const TURN = 8;
/** Threads that keep a GPU busy. */
const THREADS = 2 ** 17;
/** Terms that are worth a thread. */
const WORTH = 256;

/** Σ over i < count of `term(i)`, in runs. */
export function total(w: Writer, count: number, term: (i: Index) => Num): Num {
  if (count === 1) return term("0");
  return inRuns(w, count, (sum, first, length) =>
    unrolled(w, first, length, (i) => w.assign(sum, `${sum} + ${term(i)}`)),
  );
}

/** Elements of an input, equally far apart. */
export interface Run {
  readonly input: number;
  readonly start: Index;
  readonly step: number;
}

/** Σ over i < count of the product of the runs' i-th elements, on top of what `into` holds. */
export function sumOfProducts(w: Writer, count: number, factors: readonly Run[], into?: Num): Num {
  const runs = factors.map((run) => ({ ...run, start: w.place(run.start) }));
  const add = (sum: Num, first: Index, length: number): void =>
    inTurns(w, [first, length], TURN, (i, n) => {
      const here = runs.map(({ start, step }) => w.place(plus(w, start, i, step)));
      const terms = Array.from({ length: n }, (_, j) =>
        runs.map(({ input, step }, k) => w.read(input, plus(w, here[k]!, j, step))).join(" * "),
      );
      // One after the other, as the processor adds them.
      w.assign(sum, `${sum} + ${terms.join(" + ")}`);
    });
  return inRuns(w, count, add, into);
}

/** Sums of equally many terms, one per element of a result. */
interface Products {
  readonly inputs: readonly Source[];
  readonly size: number;
  /** Terms of each sum. */
  readonly count: number;
  /** Numbers that are added up for each term. Default 1. */
  readonly length?: number;
  /** Writes what the terms of one result share; what it hands back writes the sum of some from the first on. */
  sums(w: Writer, at: Index): (first: Index, count: number) => Num;
}

/** The sums, in one kernel if there are enough of them, else as the sums of partial ones. */
export function sumsOfProducts({ inputs, size, count, length = 1, sums }: Products): Node {
  const whole = { inputs, pointwise: false };
  const worth = Math.min(count, Math.floor((count * length) / WORTH));
  const parts = Math.min(Math.ceil(THREADS / size), worth);
  if (parts < 2) return { ...whole, size, write: (w, at) => sums(w, at)("0", count) };
  const each = Math.floor(count / parts);
  const rest = count - parts * each;
  const partial: Node = {
    ...whole,
    size: parts * size,
    write(w, at) {
      const [part, own] = coordinates(w, at, [parts, size]);
      const sum = sums(w, own);
      const y = w.variable(sum(w.place(plus(w, "0", part, each)), each));
      // Of the terms that are left over, each of the first parts takes one.
      if (rest > 0) {
        const one = (): void =>
          w.assign(y, `${y} + ${sum(w.place(plus(w, part, parts * each)), 1)}`);
        w.when(`${part} < ${rest}`, one);
      }
      return y;
    },
  };
  return {
    ...{ inputs: [partial], size, pointwise: false, readsOnce: true },
    write: (w, at) => sumOfProducts(w, parts, [{ input: 0, start: at, step: size }]),
  };
}

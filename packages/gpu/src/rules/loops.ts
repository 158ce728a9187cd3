import type { Index, Num, Writer } from "../rule.ts";

/** Times that a loop's body is written in a row: more is faster, but takes longer to compile. */
const UNROLLED = 4;
/** Terms that one variable adds up: with many more the rounding of float32 piles up. */
const RUN = 512;

/** `first` + `i` steps. */
export function plus(w: Writer, first: Index, i: Index | number, step = 1): Index {
  if (i === 0 || i === "0" || step === 0) return first;
  if (typeof i === "number") {
    return first === "0" ? String(i * step) : w.index(`a + ${i * step}`, first);
  }
  if (first === "0") return w.index(step === 1 ? "a" : `a * ${step}`, i);
  return w.index(step === 1 ? "a + b" : `a + b * ${step}`, first, i);
}

/** Walks from `first` over `count` in turns of at most `most`; `visit` gets where one begins and its length. */
export function inTurns(
  w: Writer,
  [first, count]: readonly [Index, number],
  most: number,
  visit: (start: Index, length: number) => void,
): void {
  const turns = Math.floor(count / most);
  const rest = count % most;
  if (turns > 0) w.loop(turns, (turn) => visit(w.place(plus(w, first, turn, most)), most));
  if (rest > 0) visit(w.place(plus(w, first, turns * most)), rest);
}

/** Runs `body` for i = first … first + count − 1. */
export function unrolled(w: Writer, first: Index, count: number, body: (i: Index) => void): void {
  inTurns(w, [first, count], UNROLLED, (start, length) => {
    for (let k = 0; k < length; k++) body(plus(w, start, k));
  });
}

/** A sum of many terms in runs, each of which `add` adds to a variable of its own; few go to `sum` one by one. */
export function inRuns(
  w: Writer,
  count: number,
  add: (sum: Num, first: Index, length: number) => void,
  sum: Num = w.variable("0"),
): Num {
  const runs = count > RUN ? Math.floor(count / RUN) : 0;
  w.loop(runs, (run) => {
    const part = w.variable("0");
    add(part, w.place(plus(w, "0", run, RUN)), RUN);
    w.assign(sum, `${sum} + ${part}`);
  });
  const rest = count - runs * RUN;
  if (rest > 0) add(sum, w.place(plus(w, "0", runs * RUN)), rest);
  return sum;
}

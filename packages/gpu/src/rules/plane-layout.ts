import type { Index, Writer } from "../rule.ts";
import { plus } from "./loops.ts";
import type { Grid } from "./sums.ts";

// Planes are numbered sample by sample, channel by channel; element r of
// plane p, counted over outer · inner, lies at ((n·outer + a)·channels + c)·inner + b.

/** How planes lie in memory, as norm-core describes it. */
export interface PlaneLayout {
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly relu?: boolean;
}

export const planes = ({ samples, channels }: PlaneLayout): number => samples * channels;
export const length = ({ outer, inner }: PlaneLayout): number => outer * inner;
export const all = (layout: PlaneLayout): number => planes(layout) * length(layout);

/** What memory holds as rows and columns of one step each, row by row: a plane, or the planes' same element. */
interface Walk extends Grid {
  readonly rowStep: number;
  readonly columnStep: number;
}

const walk = (rows: number, rowStep: number, columns: number, columnStep: number): Walk =>
  columns === 1
    ? { count: rows, columns: rows, rowStep: 0, columnStep: rowStep }
    : { count: rows * columns, columns, rowStep, columnStep };

/** The elements of a plane. */
export const withinPlane = ({ outer, channels, inner }: PlaneLayout): Walk =>
  walk(outer, channels * inner, inner, 1);

/** One element of each plane. */
export const acrossPlanes = ({ samples, outer, channels, inner }: PlaneLayout): Walk =>
  walk(samples, outer * channels * inner, channels, inner);

/** Where the i-th element of a walk lies, from the first. */
export function stepTo(w: Writer, { columns, rowStep, columnStep, count }: Walk, i: Index): Index {
  if (count === columns) return w.place(plus(w, "0", i, columnStep));
  const [row, column] = [`quotient(a, ${columns})`, `remainder(a, ${columns})`];
  return w.place(w.index(`${row} * ${rowStep} + ${column} * ${columnStep}`, i));
}

/** Where the elements of one row of a walk lie that begins at `start`, and which of the walk they are. */
export function alongRow(
  w: Writer,
  { columns, rowStep, columnStep }: Walk,
  start: Index,
  row: Index,
): (column: Index) => { readonly place: Index; readonly i: Index } {
  const first = w.place(plus(w, start, row, rowStep));
  const before = w.place(plus(w, "0", row, columns));
  return (column) => ({
    place: w.place(plus(w, first, column, columnStep)),
    i: plus(w, before, column),
  });
}

import type { Agreement, GradientFigures } from "@evenkeel/testkit";

/** A promise with what is known of it so far. */
export interface Row {
  readonly name: string;
  readonly tolerance: number | undefined;
  /** The largest so far; undefined before the first. */
  readonly error: number | undefined;
  /** Calls that were checked. */
  readonly checked: number;
  readonly kinks: number;
  readonly wrong: number;
}

/** The reference, and the orders of gradient. */
export interface Tally {
  readonly reference: Row;
  readonly orders: readonly Row[];
}

const nothing = { tolerance: undefined, error: undefined, checked: 0, kinks: 0, wrong: 0 };

/** Nothing is known yet. */
export function emptyTally(order = 3): Tally {
  const orders = [1, 2, 3].slice(0, order);
  return {
    reference: { name: "Output and state", ...nothing },
    orders: orders.map((k) => ({
      name: `Gradient, order ${k}`,
      ...nothing,
    })),
  };
}

export function addReference(tally: Tally, { error, tolerance }: Agreement): Tally {
  const wrong = error <= tolerance ? 0 : 1;
  return { ...tally, reference: counted(tally.reference, tolerance, error, { wrong }) };
}

/** At a kink there is no derivative to compare: it counts, its error does not. */
export function addGradients(tally: Tally, figures: readonly GradientFigures[]): Tally {
  const orders = tally.orders.map((row, i) => {
    const found = figures[i];
    if (!found) return row;
    const { tolerance, relativeError, verdict } = found;
    if (verdict === "not smooth") return counted(row, tolerance, undefined, { kinks: 1 });
    return counted(row, tolerance, relativeError, { wrong: verdict === "right" ? 0 : 1 });
  });
  return { ...tally, orders };
}

function counted(
  row: Row,
  tolerance: number,
  error: number | undefined,
  { wrong = 0, kinks = 0 }: { readonly wrong?: number; readonly kinks?: number },
): Row {
  const largest = error === undefined ? row.error : Math.max(row.error ?? 0, error);
  return {
    ...row,
    tolerance,
    error: largest,
    checked: row.checked + 1,
    kinks: row.kinks + kinks,
    wrong: row.wrong + wrong,
  };
}

/** "holds", once every call was checked. */
export function verdictOf({ wrong, kinks, checked }: Row, calls: number): string {
  if (wrong > 0) return `✗ wrong in ${wrong} of ${checked} calls`;
  if (checked < calls || calls === 0) return "";
  const kink = kinks === 1 ? "one call is at a kink" : `${kinks} calls are at kinks`;
  return kinks === 0 ? "✓ holds" : `✓ holds; ${kink}`;
}

/** "2.3e-14"; an error of exactly nothing is "0". */
export function figure(value: number | undefined): string {
  if (value === undefined) return "…";
  return value === 0 ? "0" : value.toExponential(1);
}

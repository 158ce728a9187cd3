import type { PlotMark, PlotRow, PlotSpec } from "@evenkeel/diagnostics";
import { isTensor } from "./format.ts";

/** What a program may say about a plot of its numbers. */
export interface PlotWish {
  /** Default "Plot". */
  readonly title?: string;
  /** The horizontal axis: its label, and for rows the field. */
  readonly x?: string;
  /** The vertical axis: its label, and for rows the field. */
  readonly y?: string;
  /** For rows: the field that tells lines apart. */
  readonly series?: string;
  /** Default "line". */
  readonly mark?: "line" | "dot" | "barY";
}

/** Whether a value is a plot already, as the instruments of diagnostics return them. */
export function isPlotSpec(value: unknown): value is PlotSpec {
  if (typeof value !== "object" || value === null) return false;
  const { title, scales, marks } = value as Partial<PlotSpec>;
  return typeof title === "string" && typeof scales === "object" && Array.isArray(marks);
}

/**
 * A plot of numbers, of several lists of numbers by name, or of rows.
 *
 * @throws TypeError for anything else, in words.
 */
export function plotOf(data: unknown, wish: PlotWish = {}): PlotSpec {
  if (isPlotSpec(data)) return data;
  const numbers = numbersOf(data);
  if (numbers) return series({ "": numbers }, wish);
  if (Array.isArray(data) && data.length > 0 && data.every(isRow)) return rows(data, wish);
  if (isRow(data)) {
    const lists = Object.entries(data).map(([name, list]) => [name, numbersOf(list)] as const);
    const filled = lists.filter((entry): entry is [string, readonly number[]] => !!entry[1]);
    if (lists.length > 0 && filled.length === lists.length) {
      return series(Object.fromEntries(filled), wish);
    }
  }
  throw new TypeError(
    "plot: expected a list of numbers, such lists by name, rows, or a plot of diagnostics. " +
      "For example plot([3, 1, 2]), or plot({ first: [3, 1], second: [2, 2] }).",
  );
}

function isRow(value: unknown): value is Record<string, string | number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value);
}

function numbersOf(value: unknown): readonly number[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const plain = isTensor(value) ? value.toArray() : value;
  if (ArrayBuffer.isView(plain) && !(plain instanceof DataView)) {
    return Array.from(plain as unknown as ArrayLike<number>);
  }
  const filled = Array.isArray(plain) && plain.length > 0;
  return filled && plain.every((v) => typeof v === "number") ? plain : undefined;
}

function series(lists: Readonly<Record<string, readonly number[]>>, wish: PlotWish): PlotSpec {
  const { x = "index", y = "value" } = wish;
  const data = Object.entries(lists).flatMap(([of, list]) =>
    list.map((v, i): PlotRow => ({ x: i, y: v, of })),
  );
  return specOf(
    data,
    { x: "x", y: "y", of: Object.keys(lists).length > 1 ? "of" : undefined },
    {
      ...wish,
      x,
      y,
    },
  );
}

function rows(data: readonly PlotRow[], wish: PlotWish): PlotSpec {
  const [first = "x", second = first] = Object.keys(data[0]!);
  const { x = first, y = second } = wish;
  return specOf(data, { x, y, of: wish.series }, { ...wish, x, y });
}

interface Fields {
  readonly x: string;
  readonly y: string;
  readonly of: string | undefined;
}

function specOf(data: readonly PlotRow[], { x, y, of }: Fields, wish: PlotWish): PlotSpec {
  const { title = "Plot", mark = "line" } = wish;
  const paint = of ?? "var(--ek-series-1)";
  const options: PlotMark["options"] = {
    x,
    y,
    [mark === "line" ? "stroke" : "fill"]: paint,
    ...(mark === "line" && { z: of ?? "" }),
  };
  return {
    title,
    scales: { x: { label: wish.x ?? x }, y: { label: wish.y ?? y, grid: true } },
    marks: [{ mark, data, options }],
  };
}

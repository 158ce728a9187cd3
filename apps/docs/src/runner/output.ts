import { formatLine } from "./format.ts";
import type { Item, Level } from "./messages.ts";
import { isPlotSpec, type PlotWish, plotOf } from "./plot-of.ts";
import { tableOf } from "./table-of.ts";

/** More would only slow the page down. */
const mostItems = 500;
const mostCharacters = 200_000;

/** What programs show things with: the console's functions, and a few words beside them. */
export interface Vocabulary {
  readonly print: (...values: readonly unknown[]) => void;
  readonly table: (data: unknown, caption?: string) => void;
  readonly plot: (data: unknown, wish?: PlotWish) => void;
  readonly console: Readonly<Record<string, (...values: never[]) => void>>;
}

/**
 * The vocabulary of one run. Everything shown becomes plain data for `post`; what exceeds the limits is
 * dropped, and that is said once.
 */
export function makeVocabulary(post: (item: Item) => void): Vocabulary {
  const show = limited(post);
  const write =
    (level: Level) =>
    (...values: readonly unknown[]): void => {
      const [only] = values;
      if (values.length === 1 && isPlotSpec(only)) show({ kind: "plot", spec: only });
      else show({ kind: "text", level, text: formatLine(values) });
    };
  const print = write("log");
  const table = (data: unknown, caption?: string): void => {
    const found = tableOf(data, typeof caption === "string" ? caption : undefined);
    if (found) show({ kind: "table", table: found });
    else print(data);
  };
  return {
    print,
    table,
    plot: (data, wish) => show({ kind: "plot", spec: plotOf(data, wish) }),
    console: {
      log: print,
      info: print,
      dir: (value: unknown) => print(value),
      table: (data: unknown) => table(data),
      warn: write("warn"),
      error: write("error"),
      assert: (truth: unknown, ...values: readonly unknown[]) => {
        if (!truth) write("error")("Assertion failed", ...values);
      },
    },
  };
}

function limited(post: (item: Item) => void): (item: Item) => void {
  let items = 0;
  let characters = 0;
  return (item) => {
    if (items > mostItems) return;
    items++;
    characters += sizeOf(item);
    if (items <= mostItems && characters <= mostCharacters) return post(item);
    items = mostItems + 1;
    const text = "More output is not shown.";
    post({ kind: "text", level: "warn", text });
  };
}

function sizeOf(item: Item): number {
  if (item.kind === "text") return item.text.length;
  return JSON.stringify(item).length / 10;
}

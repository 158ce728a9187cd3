import { ratio, threeDigits } from "../figures.ts";
import type { Result } from "../result.ts";
import { byCase, markdownTable, ours, stepTable } from "./tables.ts";

/** First batch norm and layer norm on all engines, then every norm of ours. */
export function normSection(rows: readonly Result[]): string {
  const shared = rows.filter(({ case: name }) => {
    const engines = new Set(rows.filter((row) => row.case === name).map(({ engine }) => engine));
    return [...engines].some((engine) => engine !== ours && engine !== "torch");
  });
  return [byCase(shared, stepTable), everyNorm(rows), torchNorms(rows)].join("\n");
}

interface Norms {
  readonly ids: readonly string[];
  readonly shapes: readonly string[];
  ms(id: string, shape: string, engine: string): number | undefined;
}

/** The names of cases are a norm's and a shape. */
function normsOf(rows: readonly Result[]): Norms {
  const parts = rows.map((row) => row.case.split(" ") as [string, string]);
  return {
    ids: [...new Set(parts.map(([id]) => id))],
    shapes: [...new Set(parts.map(([, shape]) => shape))],
    ms: (id, shape, engine) =>
      rows.find((row) => row.case === `${id} ${shape}` && row.engine === engine)?.medianMs,
  };
}

function everyNorm(rows: readonly Result[]): string {
  const { ids, shapes, ms } = normsOf(rows.filter(({ engine }) => engine === ours));
  const cells = ids.map((id) => [
    `\`${id}\``,
    ...shapes.map((shape) => {
      const time = ms(id, shape, ours);
      if (time === undefined) return "";
      return `${threeDigits(time)} (${ratio(time, ms("batchNorm", shape, ours))})`;
    }),
  ]);
  const head = ["norm", ...shapes];
  return `### Every norm

Ours, one thread, in ms; in brackets the time over that of batch norm on the same numbers. A norm has the
options that its tests list first. What it does not take is left out.

${markdownTable(head, cells)}`;
}

function torchNorms(rows: readonly Result[]): string {
  const { ids, shapes, ms } = normsOf(rows);
  const both = ids.filter((id) => shapes.some((shape) => ms(id, shape, "torch") !== undefined));
  if (both.length === 0) return "";
  const cells = both.map((id) => [
    `\`${id}\``,
    ...shapes.map((shape) => {
      const time = ms(id, shape, "torch");
      if (time === undefined) return "";
      return `${threeDigits(time)} (${ratio(time, ms(id, shape, ours))})`;
    }),
  ]);
  return `### PyTorch's norms

PyTorch, one thread, in ms; in brackets its time over ours.

${markdownTable(["norm", ...shapes], cells)}`;
}

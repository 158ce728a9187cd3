import { gigaflops, megabytes, ratio, threeDigits } from "../figures.ts";
import type { Result } from "../result.ts";
import { nnWork } from "../suites/nn.ts";

export const ours = "evenkeel";

/** Columns after the first stand to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return line(head) + line(rule) + rows.map(line).join("");
}

/** A heading and a table for each case. */
export function byCase(
  rows: readonly Result[],
  table: (rows: readonly Result[]) => string,
): string {
  const cases = [...new Set(rows.map((row) => row.case))];
  return cases
    .map((name) => `### ${name}\n\n${table(rows.filter((row) => row.case === name))}`)
    .join("\n");
}

/** A column beside engine and threads. */
interface Column {
  readonly title: string;
  readonly cell: (row: Result) => string;
}

const milliseconds: Column = { title: "ms", cell: ({ medianMs }) => threeDigits(medianMs) };

/** Engines on one case, in milliseconds. */
export function stepTable(rows: readonly Result[]): string {
  return engineTable(rows, [milliseconds]);
}

/** Engines on one layer; with its speed where operations can be counted. */
export function layerTable(rows: readonly Result[]): string {
  const flop = nnWork(rows[0]!.case);
  if (flop === undefined) return stepTable(rows);
  const speed: Column = { title: "GFLOP/s", cell: ({ medianMs }) => gigaflops(flop, medianMs) };
  return engineTable(rows, [milliseconds, speed]);
}

/** Engines on a step of microseconds. */
export function microTable(rows: readonly Result[]): string {
  return engineTable(rows, [
    { title: "µs a step", cell: ({ medianMs }) => threeDigits(medianMs * 1e3) },
    { title: "steps a second", cell: ({ medianMs }) => (1e3 / medianMs).toFixed(0) },
  ]);
}

function engineTable(rows: readonly Result[], columns: readonly Column[]): string {
  const baseOf = ({ threads }: Result): number | undefined =>
    rows.find((row) => row.engine === ours && row.threads === threads)?.medianMs;
  const all: Column[] = [
    { title: "engine", cell: ({ engine }) => `\`${engine}\`` },
    { title: "threads", cell: ({ threads }) => String(threads) },
    ...columns,
    { title: "/ ours", cell: (row) => ratio(row.medianMs, baseOf(row)) },
    { title: "runs", cell: ({ runs }) => String(runs) },
  ];
  return markdownTable(
    all.map(({ title }) => title),
    rows.map((row) => all.map(({ cell }) => cell(row))),
  );
}

/** Memory in use, early and late. */
export function heapTable(rows: readonly Result[]): string {
  const cells = rows.flatMap(({ engine, heap, medianMs }) => {
    if (heap === undefined) return [];
    const { after200, after2000 } = heap;
    const growth = (after2000 / after200).toFixed(3);
    const ms = threeDigits(medianMs);
    return [[`\`${engine}\``, megabytes(after200), megabytes(after2000), growth, ms]];
  });
  const head = ["engine", "MB after 200", "MB after 2,000", "ratio", "ms a step"];
  return markdownTable(head, cells);
}

import Table from "cli-table3";
import type { Work } from "./case.ts";
import { gigaflops, megabytes, ratio, threeDigits } from "./figures.ts";
import type { Outcome } from "./suite.ts";

export interface TableOptions {
  /** The engine that the others are compared with. */
  readonly ours: string;
  readonly color: boolean;
  readonly work: Work;
}

/** One table a case; ratios are times over that of `ours`: above 1 is slower than ours. */
export function renderTables(outcomes: readonly Outcome[], options: TableOptions): string {
  const cases = [...new Set(outcomes.map((outcome) => outcome.case))];
  return cases
    .map((name) => {
      const rows = outcomes.filter((outcome) => outcome.case === name);
      return `${name}\n${renderCase(rows, name, options)}`;
    })
    .join("\n\n");
}

function renderCase(
  rows: readonly Outcome[],
  name: string,
  { ours, color, work }: TableOptions,
): string {
  const flop = work(name);
  const hasHeap = rows.some(({ heap }) => heap !== undefined);
  const head = ["engine", "threads", "median ms", "runs", `time / ${ours}`];
  if (flop !== undefined) head.push("GFLOP/s");
  head.push(hasHeap ? "MB after 200 and 2,000 steps" : "error against float64");
  const table = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    style: color ? {} : { head: [], border: [] },
  });
  for (const row of rows) {
    const { engine, threads, medianMs, runs, heap } = row;
    const time = medianMs === null ? "not timed" : threeDigits(medianMs);
    const base = rows.find((one) => one.engine === ours && one.threads === threads)?.medianMs;
    const cells = [engine, threads, time, runs, ratio(medianMs, base)];
    if (flop !== undefined) cells.push(gigaflops(flop, medianMs));
    cells.push(
      heap ? `${megabytes(heap.after200)} and ${megabytes(heap.after2000)}` : agreement(row),
    );
    table.push(cells);
  }
  return table.toString();
}

function agreement({ error, medianMs }: Outcome): string {
  if (error === null) return "";
  const size = Number.isFinite(error) ? error.toExponential(0) : String(error);
  return medianMs === null ? `WRONG, ${size}` : size;
}

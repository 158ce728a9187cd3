import Table from "cli-table3";
import type { Outcome } from "./suite.ts";

/** One table a case; ratios are times over that of `ours`: above 1 is slower than ours. */
export function renderTables(outcomes: readonly Outcome[], ours: string, color: boolean): string {
  const cases = [...new Set(outcomes.map((outcome) => outcome.case))];
  return cases
    .map((name) => {
      const rows = outcomes.filter((outcome) => outcome.case === name);
      return `${name}\n${renderCase(rows, ours, color)}`;
    })
    .join("\n\n");
}

function renderCase(rows: readonly Outcome[], ours: string, color: boolean): string {
  const base = rows.find((row) => row.engine === ours)?.medianMs ?? null;
  const table = new Table({
    head: ["engine", "threads", "median ms", `time / ${ours}`, "error against float64"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: color ? {} : { head: [], border: [] },
  });
  for (const { engine, threads, medianMs, error } of rows) {
    const ratio = medianMs === null || base === null ? "" : twoDigits(medianMs / base);
    table.push([
      engine,
      threads,
      medianMs?.toFixed(3) ?? "not timed",
      ratio,
      agreement(error, medianMs),
    ]);
  }
  return table.toString();
}

function twoDigits(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function agreement(error: number | null, medianMs: number | null): string {
  if (error === null) return "";
  const size = Number.isFinite(error) ? error.toExponential(0) : String(error);
  return medianMs === null ? `WRONG, ${size}` : size;
}

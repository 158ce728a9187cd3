import Table from "cli-table3";
import type { CompareResult } from "./results.ts";
import { formatAccuracy, formatMs, type SummaryRow, summarize } from "./summary.ts";

/** The summary for a terminal: a row per norm, accuracy and time per step for each batch size. */
export function printTable(result: CompareResult): string {
  const rows = summarize(result);
  const table = new Table({
    head: ["norm", ...result.batchSizes.flatMap((size) => [`batch size ${size}`, "ms/step"])],
    colAligns: ["left", ...result.batchSizes.flatMap((): "right"[] => ["right", "right"])],
    // Compact: no rules between norms, so that forty of them still fit a screen or two.
    style: { head: [], border: [], compact: true },
  });
  for (const norm of result.norms) {
    const cells = result.batchSizes.flatMap((batchSize) =>
      printCells(rows.find((row) => row.norm === norm && row.batchSize === batchSize)),
    );
    table.push([norm, ...cells]);
  }
  return [table.toString(), ...notes(result, rows)].join("\n");
}

function printCells(row: SummaryRow | undefined): [string, string] {
  if (!row) return ["–", "–"];
  const mark = row.diverged > 0 ? ` ✗${row.diverged}` : "";
  return [formatAccuracy(row) + mark, formatMs(row.msPerStep)];
}

function notes(result: CompareResult, rows: readonly SummaryRow[]): string[] {
  const lines: string[] = [];
  if (result.seeds.length > 1) {
    lines.push(`Accuracy: mean ± sample deviation over ${result.seeds.length} seeds.`);
  }
  if (rows.some((row) => row.diverged > 0)) {
    lines.push("✗n: n of its runs diverged (their loss stopped being finite).");
  }
  for (const { norm, batchSize, why } of result.skipped) {
    lines.push(`Not run: ${norm} at batch size ${batchSize}: ${why}`);
  }
  return lines;
}

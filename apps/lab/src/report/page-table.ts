import { element, escapeHtml } from "./html.ts";
import { normStyles } from "./norm-style.ts";
import { renderSwatch } from "./render.ts";
import type { CompareResult } from "./results.ts";
import { formatAccuracy, formatMs, type SummaryRow, summarize } from "./summary.ts";

/** The summary as an HTML table; the best accuracy of each batch size is bold. */
export function summaryTable(result: CompareResult): string {
  const rows = summarize(result);
  const best = new Map(result.batchSizes.map((size) => [size, bestAccuracy(rows, size)]));
  const body = normStyles(result.norms).map((style) => {
    const cells = result.batchSizes.map((size) => {
      const row = rows.find((item) => item.norm === style.norm && item.batchSize === size);
      return tableCells(row, best.get(size));
    });
    const name = `<span class="swatch" aria-hidden="true">${renderSwatch(style)}</span>`;
    return `<tr><th scope="row">${name}${escapeHtml(style.norm)}</th>${cells.join("")}</tr>`;
  });
  const sizes = result.batchSizes.map((size) => element('th colspan="2"', `batch size ${size}`));
  const units = result.batchSizes.map(() => "<th>accuracy</th><th>ms/step</th>");
  return `<div class="scroll"><table>
<thead><tr><th rowspan="2">norm</th>${sizes.join("")}</tr>
<tr>${units.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody></table></div>`;
}

function bestAccuracy(rows: readonly SummaryRow[], batchSize: number): number {
  const own = rows.filter((row) => row.batchSize === batchSize);
  return Math.max(...own.map((row) => row.accuracy).filter(Number.isFinite));
}

function tableCells(row: SummaryRow | undefined, best: number | undefined): string {
  if (!row) return '<td>–</td><td class="time">–</td>';
  const cell = row.accuracy === best ? 'td class="best"' : "td";
  const failed = row.diverged > 0 ? `<br>${element('span class="bad"', divergedText(row))}` : "";
  const accuracy = element(cell, formatAccuracy(row)).replace(/<\/td>$/, `${failed}</td>`);
  return accuracy + element('td class="time"', formatMs(row.msPerStep));
}

function divergedText({ diverged, runs }: SummaryRow): string {
  return runs === 1 ? "diverged" : `${diverged} of ${runs} diverged`;
}

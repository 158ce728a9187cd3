import type { PlotOptions } from "@observablehq/plot";
import { accuracyByBatch } from "./accuracy-plot.ts";
import { activationHistograms, histogramBatchSizes, histogramLayers } from "./histogram-plot.ts";
import { element, escapeHtml } from "./html.ts";
import { hasBands, lossCurves } from "./loss-plot.ts";
import { normStyles } from "./norm-style.ts";
import { pageStyle } from "./page-style.ts";
import { summaryTable } from "./page-table.ts";
import { renderPlot, renderSwatch } from "./render.ts";
import type { CompareResult } from "./results.ts";

const wide = 880;
const narrow = 340;

/** The whole report as one HTML document that asks for nothing else: no script, no request. */
export function reportPage(result: CompareResult): string {
  const title = `Norms compared on ${result.dataset.name}`;
  const sections = result.runs.length > 0 ? measured(result) : ["<p>Nothing was run.</p>"];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${element("title", title)}
<style>${pageStyle}</style>
</head>
<body>
${element("h1", title)}
${element('p class="lead"', lead(result))}
${sections.join("\n")}
${howItWasRun(result)}
</body>
</html>
`;
}

function measured(result: CompareResult): string[] {
  return [summarySection(result), accuracySection(result), lossSection(result)].concat(
    histogramBatchSizes(result).length > 0 ? histogramSection(result) : [],
  );
}

function lead({ runs, norms, batchSizes, seeds, seconds }: CompareResult): string {
  const parts = [
    plural(norms.length, "norm"),
    plural(batchSizes.length, "batch size"),
    plural(seeds.length, "seed"),
  ];
  return `${parts.join(" × ")}: ${plural(runs.length, "network")} trained in ${duration(seconds)}. \
Only the norm, the batch size and the seed differ.`;
}

function summarySection(result: CompareResult): string {
  const several = result.seeds.length > 1;
  const spread = several ? `, mean ± sample deviation over ${result.seeds.length} seeds` : "";
  const failed = hasDiverged(result)
    ? "\nA diverged run, one whose loss stopped being finite, counts with the accuracy it ended with."
    : "";
  return `<h2>Summary</h2>
<p>Accuracy on the test images${spread}, and the median time of a training step in milliseconds.
The best accuracy at each batch size is bold.${failed}</p>
${summaryTable(result)}`;
}

function accuracySection(result: CompareResult): string {
  const notes = [
    result.seeds.length > 1 ? " The bars reach one deviation up and down." : "",
    result.norms.length > 1 ? " At each batch size the norms stand a little apart." : "",
    hasDiverged(result) ? " A cross at the foot stands for diverged runs below the scale." : "",
  ];
  return `<h2>Accuracy against batch size</h2>
<p>How much a norm depends on the batch. One that takes its statistics from the batch has little to
go by when the batch is small; one that looks at each sample alone stays level.${notes.join("")}</p>
${legend(result)}
${figure((width) => accuracyByBatch(result, { width }))}`;
}

function lossSection(result: CompareResult): string {
  const mean = result.seeds.length > 1 ? " Lines are means over the seeds" : "";
  const band = mean && (hasBands(result) ? `${mean}, bands their range.` : `${mean}.`);
  const failed = hasDiverged(result)
    ? " A cross marks where a run diverged; the scale leaves such losses out."
    : "";
  const classes = result.dataset.classes.length;
  // Four look better two by two.
  const columns = result.batchSizes.length === 4 ? 2 : 3;
  return `<h2>Training loss</h2>
<p>How fast and how calmly each network learns. Each point averages the losses around it, over a
twentieth of the training.${band}${failed} The dotted line is the loss of guessing among
${plural(classes, "class", "classes")}.</p>
${legend(result)}
${figure((width) => lossCurves(result, { width, columns: width === wide ? columns : 1 }))}`;
}

function histogramSection(result: CompareResult): string {
  const layers = histogramLayers(result).map(escapeHtml).join(" and ");
  const figures = histogramBatchSizes(result).map((batchSize, index) => {
    // A long list of norms is left folded.
    const open = index === 0 && result.norms.length <= 12 ? " open" : "";
    const drawn = figure((width) => activationHistograms(result, { width, batchSize }));
    return `<details${open}><summary>Batch size ${batchSize}</summary>${drawn}</details>`;
  });
  return `<h2>Activations before and after the norm</h2>
<p>What the norm does, after training: grey is what enters it, color what leaves it (${layers}).
Each shape is scaled to its tallest bar; values far outside are cut off.</p>
${figures.join("\n")}`;
}

function howItWasRun(result: CompareResult): string {
  const { dataset, batchSizes, steps, seeds, threads, seconds, skipped } = result;
  const rows: [string, string][] = [
    ["data set", `${dataset.name}, ${plural(dataset.classes.length, "class", "classes")}`],
    ["image shape", `${dataset.shape.join(" × ")} (channels, height, width)`],
    [
      "images",
      `${count(dataset.trainCount)} for training, ${count(dataset.testCount)} for testing`,
    ],
    ["training steps", batchSizes.map((n) => `${count(steps[n] ?? 0)} of ${n} images`).join(", ")],
    ["seeds", seeds.join(", ")],
    ["threads", String(threads)],
    ["total time", duration(seconds)],
  ];
  const terms = rows.map(([term, text]) => element("dt", term) + element("dd", text));
  const gaps = skipped.map(({ norm, batchSize, why }) =>
    element("li", `${norm} at batch size ${batchSize}: ${why}`),
  );
  return `<h2>How it was run</h2>
<dl>
${terms.join("\n")}
</dl>
${gaps.length > 0 ? `<p>Not run:</p>\n<ul>\n${gaps.join("\n")}\n</ul>` : ""}`;
}

function legend(result: CompareResult): string {
  const items = normStyles(result.norms).map(
    (style) =>
      `<li><span class="swatch" aria-hidden="true">${renderSwatch(style)}</span>` +
      `${escapeHtml(style.norm)}</li>`,
  );
  return `<ul class="legend">${items.join("")}</ul>`;
}

function hasDiverged(result: CompareResult): boolean {
  return result.runs.some((run) => run.diverged);
}

/** Drawn twice, so that letters have the same size on a desk and on a phone. */
function figure(options: (width: number) => PlotOptions): string {
  return `<figure><div class="wide">${renderPlot(options(wide))}</div>
<div class="narrow">${renderPlot(options(narrow))}</div></figure>`;
}

function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

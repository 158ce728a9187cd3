import { h } from "./dom.ts";
import { type Figure, figure } from "./figure.ts";
import type { History } from "./history.ts";
import type { Measured } from "./measure.ts";
import type { Series } from "./series.ts";

type Charts = typeof import("./charts.ts");

/** What is drawn of a layer. */
interface Shown {
  readonly history: History;
  readonly series: readonly Series[];
}

/** The statistics and histograms of one layer. */
export interface Layer {
  readonly element: HTMLElement;
  draw(shown: Shown, charts: Charts | undefined): void;
}

/** @param tool - What chooses the layer. */
export function createLayer(tool: Node): Layer {
  const mean = figure("Mean of each channel");
  const std = figure("Standard deviation of each channel");
  const histograms = figure("Activations before (grey) and after");
  const note = h("p", { class: "ekp-note" });
  const statistics = h("div", { class: "ekp-against" }, mean.element, std.element);
  const columns = h("div", { class: "ekp-columns" }, statistics, histograms.element);
  const element = h(
    "section",
    { class: "ekp-layer", "aria-label": "Inside one layer" },
    h("div", { class: "ekp-layer-head" }, h("h2", {}, "Inside one layer"), tool),
    note,
    columns,
  );
  let drawn: readonly unknown[] = [];
  return {
    element,
    draw(shown, charts) {
      const { measured } = shown.history;
      const labels = shown.series.map(({ label }) => label).join();
      // Measured seldom: most reports bring only losses.
      const now = [measured, charts, element.clientWidth, labels];
      if (now.every((part, i) => part === drawn[i])) return;
      drawn = now;
      note.textContent = noteOn(measured, shown.series);
      columns.hidden = !charts || measured.every(({ histogram }) => !histogram);
      if (columns.hidden || !charts) return;
      statistics.hidden = measured.every((one) => !one.statistics);
      if (!statistics.hidden) {
        drawAgainst(charts, shown, mean, "Mean");
        drawAgainst(charts, shown, std, "Std");
      }
      drawHistograms(charts, shown, histograms);
    },
  };
}

function drawAgainst(
  charts: Charts,
  { history, series }: Shown,
  to: Figure,
  name: "Mean" | "Std",
): void {
  const rows = series.flatMap((one, i) => {
    const found = history.measured[i]?.statistics;
    return found
      ? [{ series: one, running: found[`running${name}`], batch: found[`batch${name}`] }]
      : [];
  });
  to.draw("The batch's over the running one, channel by channel.", (width) => {
    const height = Math.min(260, Math.max(190, width * 0.85));
    return charts.againstChart(rows, name.toLowerCase(), { width, height });
  });
}

function drawHistograms(charts: Charts, { history, series }: Shown, to: Figure): void {
  const curves = series.flatMap(({ label, color }, i) => {
    const found = history.measured[i]?.histogram;
    if (!found) return [];
    const { before, after } = found;
    return [
      { row: label, column: "", histogram: before, shade: true },
      { row: label, column: "", histogram: after, color },
    ];
  });
  to.draw("A row for each norm.", (width) => charts.histogramChart(curves, width));
}

/** How to read the charts, and which norms have nothing to be compared with the batch. */
function noteOn(measured: readonly Measured[], series: readonly Series[]): string {
  if (measured.length === 0) {
    return "What enters a norm and what it makes of it is measured here while it trains.";
  }
  if (measured.every(({ histogram }) => !histogram)) return "No norm trains any more.";
  const without = series
    .filter((_, i) => measured[i]?.histogram && !measured[i].statistics)
    .map(({ label }) => label);
  const others = `No running mean and variance per channel: ${without.join(", ")}.`;
  if (measured.every(({ statistics }) => !statistics)) return others;
  const dots =
    "Each marker is a channel of the latest batch; on the dashed line, evaluation will use the same number.";
  return without.length === 0 ? dots : `${dots} ${others}`;
}

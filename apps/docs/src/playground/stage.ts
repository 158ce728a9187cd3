import { h } from "./dom.ts";
import { type Figure, figure } from "./figure.ts";
import { figuresTable } from "./figures-table.ts";
import type { History } from "./history.ts";
import { createLayer } from "./layer.ts";
import type { Series } from "./series.ts";
import type { View } from "./url-state.ts";

type Charts = typeof import("./charts.ts");

/** What is shown of a session. */
interface Shown {
  readonly history: History;
  readonly series: readonly Series[];
  readonly view: View;
}

/** The charts and the table. */
export interface Stage {
  readonly element: HTMLElement;
  /** Draws everything; charts only once their library has come. */
  draw(shown: Shown, charts: Charts | undefined): void;
}

/** @param tools - What stands above the losses, and above the layer's statistics. */
export function createStage(tools: { readonly scale: Node; readonly layer: Node }): Stage {
  const loss = figure("Loss on the training batches", tools.scale);
  const accuracy = figure("Accuracy on held-out data, in evaluation mode");
  const label = { role: "region", "aria-label": "Figures" };
  const table = h("div", { class: "ekp-table", tabindex: 0, ...label });
  const layer = createLayer(tools.layer);
  const curves = h("div", { class: "ekp-curves" }, loss.element, accuracy.element);
  return {
    element: h("div", { class: "ekp-stage" }, curves, table, layer.element),
    draw(shown, charts) {
      table.replaceChildren(figuresTable(shown.history, shown.series));
      if (shown.history.step > 0 && charts) drawCurves(charts, shown, loss, accuracy);
      else for (const one of [loss, accuracy]) one.clear("Start, and the curves grow here.");
      layer.draw(shown, charts);
    },
  };
}

function drawCurves(charts: Charts, shown: Shown, loss: Figure, accuracy: Figure): void {
  const { history, series, view } = shown;
  loss.draw("Curves of loss; the table has the figures.", (width) =>
    charts.lossChart(history, series, frameOf(width), view.scale),
  );
  if (history.norms.every(({ accuracies }) => accuracies.length === 0)) {
    accuracy.clear("The first one comes after a few steps.");
    return;
  }
  accuracy.draw("Curves of accuracy; the table has the figures.", (width) =>
    charts.accuracyChart(history, series, frameOf(width)),
  );
}

function frameOf(width: number): { readonly width: number; readonly height: number } {
  return { width, height: Math.round(Math.min(280, Math.max(220, width * 0.42))) };
}

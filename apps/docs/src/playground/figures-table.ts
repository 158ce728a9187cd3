import { h } from "./dom.ts";
import { type History, latestAccuracy, type NormHistory, percent } from "./history.ts";
import { type Series, swatch } from "./series.ts";

const heads = ["Norm", "Loss", "Accuracy", "Steps", "ms per step", "Drift"];

/** The latest figures of each norm. */
export function figuresTable({ norms, measured }: History, series: readonly Series[]): HTMLElement {
  const rows = norms.map((norm, i) => row(norm, series[i]!, measured[i]?.statistics?.drift));
  const head = h("tr", {}, ...heads.map((words) => h("th", { scope: "col" }, words)));
  return h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows));
}

function row(norm: NormHistory, series: Series, drift: number | undefined): HTMLElement {
  const { smooth, losses, msPerStep, status } = norm;
  const loss = smooth.at(-1);
  const accuracy = latestAccuracy(norm);
  const flag = status === "training" ? [] : [h("span", { class: "ekp-flag" }, status)];
  const cells = [
    loss === undefined ? "–" : loss < 1000 ? loss.toFixed(3) : loss.toExponential(1),
    accuracy === undefined ? "–" : percent(accuracy),
    String(losses.length),
    Number.isNaN(msPerStep) ? "–" : msPerStep.toFixed(1),
    drift === undefined ? "–" : drift.toPrecision(2),
  ];
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, swatch(series), ` ${series.label} `, ...flag),
    ...cells.map((words) => h("td", {}, words)),
  );
}

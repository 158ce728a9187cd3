import type { PlotSpec } from "@evenkeel/diagnostics";
import { plotOptions } from "@evenkeel/lab/plot-spec";
import * as Plot from "@observablehq/plot";

const series = [1, 2, 3, 4, 5, 6].map((i) => `var(--ek-series-${i})`);

/** A plot in the colors of the page. */
export function drawPlot(spec: PlotSpec, width: number): Element {
  const options = plotOptions(spec);
  const names = namesOf(spec);
  const color: Plot.ScaleOptions =
    names.length > 0
      ? { domain: names, range: series, legend: names.length > 1, ...options.color }
      : { scheme: "blues", ...options.color };
  const plot = Plot.plot({
    width,
    height: Math.round(Math.min(360, Math.max(200, width * 0.5))),
    marginLeft: 56,
    marginBottom: 40,
    ...options,
    color,
    style: { background: "none", color: "var(--ek-ink)", fontSize: "12px", overflow: "visible" },
  });
  return described(plot, spec.title);
}

/** One picture with one name: Plot labels groups inside, which screen readers do not expect there. */
function described(plot: Element, title: string): Element {
  for (const group of plot.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
  const pictures = plot instanceof SVGElement ? [plot] : plot.querySelectorAll(":scope > svg");
  for (const picture of pictures) {
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", title);
  }
  return plot;
}

/** What is told apart by color, where that is names. */
function namesOf({ marks }: PlotSpec): readonly string[] {
  const names = marks.flatMap(({ data, options }) =>
    [options["stroke"], options["fill"]].flatMap((field) =>
      data.map((row) => row[String(field)]).filter((v) => typeof v === "string"),
    ),
  );
  return [...new Set(names)];
}

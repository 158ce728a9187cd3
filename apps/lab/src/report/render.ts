import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { NormStyle } from "./norm-style.ts";

/** The plot as the text of one <svg> element, drawn without a browser; the page has to style it. */
export function renderPlot(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({ ...options, document });
  svg.querySelector("style")?.remove();
  // A tenth of a pixel is enough; Plot writes up to seventeen digits.
  return svg.outerHTML.replace(/ (?:d|c?[xy][12]?|transform)="[^"]*"/g, (attribute) =>
    attribute.replace(/(\.\d)\d+/g, "$1"),
  );
}

/** A legend's sample of a norm: a piece of its line with its symbol. */
export function renderSwatch({ color, dash, symbol }: NormStyle): string {
  const line = { x: (x: number) => x, y: () => 0, stroke: color, strokeWidth: 1.75 };
  return renderPlot({
    width: 34,
    height: 14,
    margin: 0,
    axis: null,
    style: { background: "none" },
    x: { domain: [0, 2] },
    y: { domain: [-1, 1] },
    marks: [
      Plot.line([0, 2], dash === undefined ? line : { ...line, strokeDasharray: dash }),
      Plot.dot([1], { x: (x: number) => x, y: () => 0, fill: color, symbol, r: 4 }),
    ],
  });
}

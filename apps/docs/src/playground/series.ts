import { svg } from "./dom.ts";

/** How one norm looks wherever it is shown: a colour, a dash and a marker, each of them its own. */
export interface Series {
  readonly norm: string;
  readonly label: string;
  /** A CSS colour. */
  readonly color: string;
  /** SVG's stroke-dasharray. */
  readonly dash: string;
  readonly symbol: "circle" | "square" | "triangle" | "diamond";
}

const dashes = ["none", "7 3", "2 3", "9 3 2 3"];
const symbols = ["circle", "square", "triangle", "diamond"] as const;

export function seriesOf(norms: readonly string[], labelOf: (id: string) => string): Series[] {
  return norms.map((norm, i) => ({
    norm,
    label: labelOf(norm),
    color: `var(--ek-series-${i + 1})`,
    dash: dashes[i % dashes.length]!,
    symbol: symbols[i % symbols.length]!,
  }));
}

const shapes: Readonly<Record<Series["symbol"], readonly [tag: string, attributes: object]>> = {
  circle: ["circle", { cx: 14, cy: 7, r: 4 }],
  square: ["rect", { x: 10.5, y: 3.5, width: 7, height: 7 }],
  triangle: ["path", { d: "M14 2.2 L18.6 10.4 L9.4 10.4 Z" }],
  diamond: ["path", { d: "M14 1.6 L18.4 7 L14 12.4 L9.6 7 Z" }],
};

/** A piece of the norm's line with its marker, for legends. */
export function swatch({ color, dash, symbol }: Series): SVGElement {
  const [tag, attributes] = shapes[symbol];
  return svg(
    "svg",
    {
      width: 28,
      height: 14,
      viewBox: "0 0 28 14",
      "aria-hidden": "true",
      style: `color: ${color}`,
    },
    svg("path", {
      d: "M0 7 H28",
      stroke: "currentColor",
      "stroke-width": 2,
      "stroke-dasharray": dash,
    }),
    svg(tag, { ...attributes, fill: "currentColor" }),
  );
}

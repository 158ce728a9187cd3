import type { PlotMark, PlotRow, PlotSpec } from "../plot.ts";
import { quantile } from "../quantile.ts";
import type { Histogram, LayerHistogram } from "./activation-histogram.ts";

/** One histogram with its place in a table of small plots. */
export interface HistogramCurve {
  readonly row: string;
  readonly column: string;
  readonly histogram: Histogram;
  /** Any CSS color. Default: that of the text. */
  readonly color?: string;
  /** Filled strongly and without a line: the one in the background. Default false. */
  readonly shade?: boolean;
}

/**
 * What enters (shaded) and leaves each norm, a row for each norm.
 *
 * @param color - Of what leaves it. Default: that of the text.
 *
 * @example
 * const { title, scales, marks } = histogramPlot(normCurves(activationHistograms(model, x)));
 */
export function normCurves(
  layers: readonly LayerHistogram[],
  color = "currentColor",
): readonly HistogramCurve[] {
  return layers.flatMap(({ layer, before, after }) => [
    { row: layer, column: "", histogram: before, shade: true },
    { row: layer, column: "", histogram: after, color },
  ]);
}

/**
 * Histograms in rows and columns of small plots, over each other where they share a place.
 *
 * Bars of unequal width are compared by density, each shape is scaled to its tallest bar, and one wild
 * histogram does not flatten the others: the axis ends at twice their usual reach. Empty histograms and those
 * with edges that are not finite are left out.
 *
 * @example
 * const h = histogram(random(1).normal([1000]).data);
 * const { title, scales, marks } = histogramPlot([{ row: "normal", column: "", histogram: h }]);
 */
export function histogramPlot(curves: readonly HistogramCurve[]): PlotSpec {
  const shown = curves.filter(({ histogram }) => isDrawable(histogram));
  const limit = axisLimit(shown);
  const zero: readonly PlotRow[] = [{ zero: 0 }];
  return {
    title: "Histograms of activations",
    scales: {
      x: { domain: [-limit, limit], label: "activation" },
      y: { domain: [0, 1.25], axis: null },
      fx: { label: null },
      fy: { axis: null, domain: [...new Set(shown.map(({ row }) => row))] },
    },
    marks: [
      mark("ruleX", zero, { x: "zero", stroke: "currentColor", strokeOpacity: 0.25 }),
      ...shown.filter(({ shade }) => shade).flatMap(curveMarks),
      ...shown.filter(({ shade }) => !shade).flatMap(curveMarks),
      mark("ruleY", zero, { y: "zero", stroke: "currentColor", strokeOpacity: 0.4 }),
      mark("text", places(shown), {
        fx: "column",
        fy: "row",
        text: "row",
        frameAnchor: "top-left",
        dx: 2,
        fontWeight: 600,
      }),
    ],
  };
}

const mark = (
  kind: PlotMark["mark"],
  data: readonly PlotRow[],
  options: PlotMark["options"],
): PlotMark => ({ mark: kind, data, options });

function curveMarks({ row, column, histogram, color, shade }: HistogramCurve): PlotMark[] {
  const data = outline(histogram).map((point) => ({ row, column, ...point }));
  const paint = color ?? "currentColor";
  const at = { x: "value", y: "height", fx: "column", fy: "row", clip: true, curve: "step-after" };
  if (shade) return [mark("areaY", data, { ...at, fill: paint, fillOpacity: 0.28 })];
  return [
    mark("areaY", data, { ...at, fill: paint, fillOpacity: 0.22 }),
    mark("line", data, { ...at, stroke: paint, strokeWidth: 1.25 }),
  ];
}

/** A diverged run's histogram may be empty or have edges that are not finite. */
function isDrawable({ edges, counts }: Histogram): boolean {
  return counts.some((count) => count > 0) && edges.every(Number.isFinite);
}

/** Its upper edge, 1 at the tallest bar. */
function outline({ edges, counts }: Histogram): { value: number; height: number }[] {
  const densities = counts.map((count, i) => count / (edges[i + 1]! - edges[i]!));
  const tallest = Math.max(...densities);
  return edges.map((value, i) => ({ value, height: (densities[i] ?? 0) / tallest }));
}

/** Twice the usual reach of the values, so that one wild histogram does not flatten the others. */
function axisLimit(curves: readonly HistogramCurve[]): number {
  const reaches = Float64Array.from(curves, ({ histogram }) => reach(histogram)).sort();
  if (reaches.length === 0) return 1;
  return Math.min(reaches.at(-1)!, 2 * quantile(reaches, 0.5)) || 1;
}

/** The largest absolute value, but for the outermost 0.5 % on each side. */
function reach({ edges, counts }: Histogram): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  const inside = counts.map((count) => {
    below += count;
    // The bar holds values above the lowest 0.5 % and below the highest.
    return below > 0.005 * total && below - count < 0.995 * total;
  });
  const low = edges[inside.indexOf(true)]!;
  const high = edges[inside.lastIndexOf(true) + 1]!;
  return Math.max(Math.abs(low), Math.abs(high));
}

function places(curves: readonly HistogramCurve[]): { row: string; column: string }[] {
  const unique = new Map(curves.map(({ row, column }) => [`${row}\n${column}`, { row, column }]));
  return [...unique.values()];
}

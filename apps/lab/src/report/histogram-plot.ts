import * as Plot from "@observablehq/plot";
import { normStyles } from "./norm-style.ts";
import type { CompareResult, Histogram, LayerHistogram } from "./results.ts";
import { median } from "./summary.ts";

interface HistogramOptions {
  readonly width?: number;
  /** Default: the first batch size that has histograms. */
  readonly batchSize?: number;
}

interface Curve {
  readonly norm: string;
  readonly place: "first norm layer" | "last norm layer";
  readonly stage: "before" | "after";
  readonly histogram: Histogram;
}

interface Step {
  readonly norm: string;
  readonly place: string;
  readonly value: number;
  /** 1 at the tallest bar. */
  readonly height: number;
}

/** The batch sizes at which any run recorded histograms. */
export function histogramBatchSizes(result: CompareResult): number[] {
  return result.batchSizes.filter((batchSize) =>
    result.runs.some((run) => run.batchSize === batchSize && run.histograms.length > 0),
  );
}

/** Activations entering (grey) and leaving (colored) the first and last norm layer, norm by norm. */
export function activationHistograms(
  result: CompareResult,
  { width = 760, batchSize = histogramBatchSizes(result)[0] }: HistogramOptions = {},
): Plot.PlotOptions {
  const curves = collect(result, batchSize);
  const styles = normStyles(result.norms);
  const shown = styles.filter(({ norm }) => curves.some((curve) => curve.norm === norm));
  const limit = axisLimit(curves);
  const at = { x: "value", y: "height", fx: "place", fy: "norm", clip: true } as const;
  const curve = { ...at, curve: "step-after" } as const;
  const steps = (stage: Curve["stage"]): Step[] =>
    curves.filter((item) => item.stage === stage).flatMap(outline);
  const after = steps("after");
  return {
    ariaLabel: "Histograms of activations before and after the norm layers",
    width,
    height: 70 + Math.max(1, shown.length) * 74,
    margin: 8,
    marginTop: 30,
    marginBottom: 40,
    style: { background: "none" },
    fx: { label: null, padding: 0.05 },
    fy: { axis: null, domain: shown.map(({ norm }) => norm), padding: 0.12 },
    x: { domain: [-limit, limit], label: "activation", ticks: width < 500 ? 5 : 9 },
    y: { domain: [0, 1.25], axis: null },
    marks: [
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.25 }),
      Plot.areaY(steps("before"), { ...curve, fill: "currentColor", fillOpacity: 0.28 }),
      ...shown.flatMap(({ norm, color }) => {
        const own = after.filter((step) => step.norm === norm);
        return [
          Plot.areaY(own, { ...curve, fill: color, fillOpacity: 0.22 }),
          Plot.line(own, { ...curve, stroke: color, strokeWidth: 1.25 }),
        ];
      }),
      Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
      Plot.text(labels(curves), {
        fx: "place",
        fy: "norm",
        text: "norm",
        frameAnchor: "top-left",
        dx: 2,
        fontWeight: 600,
      }),
    ],
  };
}

/** Where the first and the last norm layer lie in the network. */
export function histogramLayers(result: CompareResult): readonly string[] {
  const layers = result.runs.find((run) => run.histograms.length > 0)?.histograms ?? [];
  return [...new Set([layers[0], layers.at(-1)].flatMap((item) => (item ? [item.layer] : [])))];
}

/** Of each norm, the first seed's run that recorded anything. */
function collect(result: CompareResult, batchSize: number | undefined): Curve[] {
  return result.norms.flatMap((norm) => {
    const run = result.runs.find(
      (item) => item.norm === norm && item.batchSize === batchSize && item.histograms.length > 0,
    );
    if (!run) return [];
    const stages = (layer: LayerHistogram, place: Curve["place"]): Curve[] =>
      (["before", "after"] as const)
        .map((stage) => ({ norm, place, stage, histogram: layer[stage] }))
        .filter(({ histogram }) => isDrawable(histogram));
    const first = stages(run.histograms[0]!, "first norm layer");
    if (run.histograms.length === 1) return first;
    return [...first, ...stages(run.histograms.at(-1)!, "last norm layer")];
  });
}

/** A diverged run's histogram may be empty or have edges that are not finite. */
function isDrawable({ edges, counts }: Histogram): boolean {
  return counts.some((count) => count > 0) && edges.every(Number.isFinite);
}

function outline({ norm, place, histogram: { edges, counts } }: Curve): Step[] {
  // Bars of unequal width are compared by density.
  const densities = counts.map((count, i) => count / (edges[i + 1]! - edges[i]!));
  const tallest = Math.max(...densities);
  const heights = densities.map((density) => density / tallest);
  return edges.map((value, i) => ({ norm, place, value, height: heights[i] ?? 0 }));
}

/** Twice the usual reach of the values, so that one wild norm does not flatten the others. */
function axisLimit(curves: readonly Curve[]): number {
  const reaches = curves.map(({ histogram }) => reach(histogram));
  return Math.min(Math.max(0, ...reaches), 2 * median(reaches)) || 1;
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

function labels(curves: readonly Curve[]): { norm: string; place: string }[] {
  const unique = new Map(curves.map(({ norm, place }) => [`${norm} ${place}`, { norm, place }]));
  return [...unique.values()];
}

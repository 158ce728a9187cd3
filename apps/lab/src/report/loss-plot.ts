import * as Plot from "@observablehq/plot";
import { divergences, type LossPoint, lossCeiling, lossPoints, totalSteps } from "./loss-data.ts";
import { normStyles, palette } from "./norm-style.ts";
import type { CompareResult } from "./results.ts";

interface LossCurveOptions {
  readonly width?: number;
  /** Batch sizes side by side. */
  readonly columns?: number;
}

/** Smoothed training losses: a facet per batch size, a line per norm, a band over the seeds. */
export function lossCurves(
  result: CompareResult,
  { width = 760, columns = 2 }: LossCurveOptions = {},
): Plot.PlotOptions {
  const across = Math.max(1, Math.min(columns, result.batchSizes.length));
  const rows = Math.ceil(result.batchSizes.length / across);
  const index = ({ batchSize }: { batchSize: number }): number =>
    result.batchSizes.indexOf(batchSize);
  const facet = {
    fx: (point: { batchSize: number }) => index(point) % across,
    fy: (point: { batchSize: number }) => Math.floor(index(point) / across),
  };
  const points = lossPoints(result);
  const ceiling = lossCeiling(result, points);
  return {
    ariaLabel: "Training loss over the course of training, by batch size",
    width,
    height: 60 + Math.max(1, rows) * 240,
    marginLeft: 40,
    marginRight: 14,
    marginTop: 24,
    marginBottom: 40,
    style: { background: "none" },
    fx: { axis: null, padding: 0.06 },
    fy: { axis: null, padding: 0.14 },
    // No tick at 0: it would touch the 100 of the facet before.
    x: { domain: [0, 100], ticks: [20, 40, 60, 80, 100], label: "training done (%)" },
    y: { domain: [0, ceiling], grid: true, label: null },
    marks: [
      ...headings(result, facet),
      ...guessing(result, ceiling),
      ...curves(result, points, facet),
      Plot.dot(divergences(result), {
        ...facet,
        x: "progress",
        y: ({ loss }: LossPoint) => Math.min(loss, 0.96 * ceiling),
        symbol: "times",
        r: 5,
        stroke: ({ norm }: LossPoint) => colorOf(result, norm),
        strokeWidth: 2.5,
        title: ({ norm, progress }: LossPoint) =>
          `${norm} diverged after ${progress.toFixed(0)} % of the training`,
      }),
    ],
  };
}

type Facet = Record<"fx" | "fy", (point: { batchSize: number }) => number>;

function headings(result: CompareResult, facet: Facet): Plot.Markish[] {
  const sizes = result.batchSizes.map((batchSize) => ({ batchSize }));
  const text = ({ batchSize }: { batchSize: number }): string =>
    `batch size ${batchSize} · ${totalSteps(result, batchSize).toLocaleString("en-US")} steps`;
  return [
    Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 }),
    Plot.text(sizes, {
      ...facet,
      text,
      frameAnchor: "top-left",
      dy: -16,
      fontWeight: 600,
    }),
  ];
}

function guessing(result: CompareResult, ceiling: number): Plot.Markish[] {
  const loss = Math.log(result.dataset.classes.length);
  if (!(loss > 0 && loss < ceiling)) return [];
  return [
    Plot.ruleY([loss], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "2 4" }),
  ];
}

function curves(result: CompareResult, points: LossPoint[], facet: Facet): Plot.Markish[] {
  return normStyles(result.norms).flatMap(({ norm, color, dash }) => {
    const own = points.filter((point) => point.norm === norm);
    const common = { ...facet, x: "progress", z: "batchSize", clip: true } as const;
    const line = { ...common, y: "loss", stroke: color, strokeWidth: 1.5 } as const;
    const band = { ...common, y1: "low", y2: "high", fill: color, fillOpacity: 0.14 } as const;
    return [
      ...(hasBands(result) ? [Plot.areaY(own, band)] : []),
      Plot.line(own, dash === undefined ? line : { ...line, strokeDasharray: dash }),
    ];
  });
}

/** Bands show the range over seeds; those of very many norms would only hide each other. */
export function hasBands({ norms, seeds }: CompareResult): boolean {
  return seeds.length > 1 && norms.length <= palette.length;
}

function colorOf(result: CompareResult, norm: string): string {
  return normStyles(result.norms).find((style) => style.norm === norm)?.color ?? "currentColor";
}

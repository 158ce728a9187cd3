import * as Plot from "@observablehq/plot";
import { type NormStyle, normStyles } from "./norm-style.ts";
import type { CompareResult } from "./results.ts";
import { formatAccuracy, type SummaryRow, summarize } from "./summary.ts";

interface Point extends SummaryRow {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/** Test accuracy against batch size: a line per norm, bars of one deviation over the seeds. */
export function accuracyByBatch(
  result: CompareResult,
  { width = 760 }: { readonly width?: number } = {},
): Plot.PlotOptions {
  const points = place(result);
  const chance = 1 / Math.max(1, result.dataset.classes.length);
  const domain = accuracyDomain(points);
  const sizes = result.batchSizes;
  return {
    ariaLabel: "Test accuracy against batch size",
    width,
    height: Math.round(Math.min(420, 180 + width / 3)),
    marginLeft: 44,
    marginBottom: 40,
    style: { background: "none" },
    x: {
      type: "log",
      base: 2,
      domain: sizes.length > 0 ? [Math.min(...sizes) / 1.4, Math.max(...sizes) * 1.4] : [1, 2],
      ticks: [...sizes],
      tickFormat: String,
      label: "batch size",
    },
    y: { percent: true, domain, grid: true, label: "test accuracy (%)" },
    marks: [
      ...(chance >= domain[0] / 100 && chance <= domain[1] / 100 ? chanceMarks(chance) : []),
      ...normStyles(result.norms).flatMap((style) => {
        const own = points.filter((point) => point.norm === style.norm);
        return normMarks(style, own, domain[0] / 100);
      }),
    ],
  };
}

/** What lies below the floor, which only diverged runs do, becomes a cross at the foot. */
function normMarks(style: NormStyle, points: readonly Point[], floor: number): Plot.Markish[] {
  const { norm, color, dash, symbol } = style;
  const below = points.filter((point) => point.accuracy < floor);
  const own = points.filter((point) => point.accuracy >= floor);
  const at = { x: "x", y: "accuracy" } as const;
  const range = { x: "x", y1: "low", y2: "high", clip: true } as const;
  const title = (point: Point): string => {
    const failed = point.diverged > 0 ? `, ${point.diverged} of ${point.runs} diverged` : "";
    return `${norm}, batch size ${point.batchSize}: ${formatAccuracy(point)}${failed}`;
  };
  return [
    Plot.line(own, { ...at, stroke: color, strokeWidth: 1.75, ...dashed(dash) }),
    Plot.ruleX(own.filter(hasSpread), { ...range, stroke: color }),
    Plot.dot(own, { ...at, fill: color, symbol, r: 4, title }),
    Plot.dot(below, {
      x: "x",
      frameAnchor: "bottom",
      dy: -6,
      symbol: "times",
      r: 5,
      stroke: color,
      strokeWidth: 2.5,
      title,
    }),
  ];
}

function dashed(dash: string | undefined): { strokeDasharray?: string } {
  return dash === undefined ? {} : { strokeDasharray: dash };
}

/** Norms stand side by side at each batch size, so that their bars do not hide each other. */
function place(result: CompareResult): Point[] {
  const { norms, batchSizes } = result;
  const octaves = batchSizes.map(Math.log2).sort((a, b) => a - b);
  const gaps = octaves.slice(1).map((octave, i) => octave - octaves[i]!);
  const spread = Math.min(0.07, (0.5 * Math.min(1, ...gaps)) / Math.max(1, norms.length));
  return summarize(result)
    .filter((row) => Number.isFinite(row.accuracy))
    .map((row) => {
      const shift = norms.indexOf(row.norm) - (norms.length - 1) / 2;
      const deviation = Number.isFinite(row.deviation) ? row.deviation : 0;
      return {
        ...row,
        x: row.batchSize * 2 ** (spread * shift),
        low: Math.max(0, row.accuracy - deviation),
        high: Math.min(1, row.accuracy + deviation),
      };
    });
}

function hasSpread({ low, high }: Point): boolean {
  return high > low;
}

/**
 * In percent, with a little air. Not from 0, and without the runs that diverged: a difference of one
 * percent should be seen.
 */
function accuracyDomain(points: readonly Point[]): [number, number] {
  const sound = points.filter((point) => point.diverged === 0);
  const shown = sound.length > 0 ? sound : points;
  if (shown.length === 0) return [0, 100];
  const low = 100 * Math.min(...shown.map((point) => point.low));
  const high = 100 * Math.max(...shown.map((point) => point.high));
  const air = Math.max(1, 0.06 * (high - low));
  return [Math.max(0, low - air), Math.min(101, high + air)];
}

function chanceMarks(chance: number): Plot.Markish[] {
  return [
    Plot.ruleY([chance], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "2 4" }),
    Plot.text([chance], {
      y: (value: number) => value,
      text: () => "guessing",
      frameAnchor: "right",
      textAnchor: "end",
      dx: -4,
      dy: -7,
      fillOpacity: 0.7,
    }),
  ];
}

import { type HistogramCurve, histogramPlot, type LayerHistogram } from "@evenkeel/diagnostics";
import type { PlotOptions } from "@observablehq/plot";
import { type NormStyle, normStyles } from "./norm-style.ts";
import { plotOptions } from "./plot-spec.ts";
import type { CompareResult } from "./results.ts";

interface HistogramOptions {
  readonly width?: number;
  /** Default: the first batch size that has histograms. */
  readonly batchSize?: number;
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
): PlotOptions {
  const curves = normStyles(result.norms).flatMap((style) => collect(result, batchSize, style));
  const spec = histogramPlot(curves);
  const { x, fx, fy, ...rest } = plotOptions(spec);
  const rows = spec.scales.fy?.domain?.length ?? 0;
  return {
    ...rest,
    ariaLabel: "Histograms of activations before and after the norm layers",
    width,
    height: 70 + Math.max(1, rows) * 74,
    margin: 8,
    marginTop: 30,
    marginBottom: 40,
    style: { background: "none" },
    fx: { ...fx, padding: 0.05 },
    fy: { ...fy, padding: 0.12 },
    x: { ...x, ticks: width < 500 ? 5 : 9 },
  };
}

/** Where the first and the last norm layer lie in the network. */
export function histogramLayers(result: CompareResult): readonly string[] {
  const layers = result.runs.find((run) => run.histograms.length > 0)?.histograms ?? [];
  return [...new Set([layers[0], layers.at(-1)].flatMap((item) => (item ? [item.layer] : [])))];
}

/** Of one norm, the first seed's run that recorded anything. */
function collect(
  { runs }: CompareResult,
  batchSize: number | undefined,
  { norm, color }: NormStyle,
): HistogramCurve[] {
  const run = runs.find(
    (item) => item.norm === norm && item.batchSize === batchSize && item.histograms.length > 0,
  );
  const curves = ({ before, after }: LayerHistogram, column: string): HistogramCurve[] => [
    { row: norm, column, histogram: before, shade: true },
    { row: norm, column, histogram: after, color },
  ];
  const { histograms = [] } = run ?? {};
  return histograms.flatMap((layer, i) => {
    if (i === 0) return curves(layer, "first norm layer");
    return i === histograms.length - 1 ? curves(layer, "last norm layer") : [];
  });
}

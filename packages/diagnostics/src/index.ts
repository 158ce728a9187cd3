// Reading order: watch, plot, then any folder; each holds one instrument.

export {
  activationHistograms,
  type Histogram,
  type HistogramOptions,
  histogram,
  type LayerHistogram,
} from "./activation-histogram/activation-histogram.ts";
export {
  type HistogramCurve,
  histogramPlot,
  normCurves,
} from "./activation-histogram/histogram-plot.ts";
export {
  type Bottleneck,
  type BottleneckOptions,
  bottleneckRank,
} from "./bottleneck-rank/bottleneck-rank.ts";
export { jacobianValues, logPseudoDeterminant } from "./bottleneck-rank/jacobian.ts";
export type { BottleneckLayer } from "./bottleneck-rank/layer.ts";
export {
  effectiveRanks,
  type FrequencyRanks,
  frequencyEnergies,
  frequencyRanks,
  largestValue,
  participationRatio,
} from "./bottleneck-rank/measures.ts";
export { bottleneckPlot, spectrumPlot } from "./bottleneck-rank/plots.ts";
export {
  activationSpectrum,
  type ConvolutionSpectrumOptions,
  convolutionSpectrum,
  type Spectrum,
} from "./bottleneck-rank/spectrum.ts";
export {
  type Condensation,
  condensationPlot,
  featureCondensation,
  type LayerCondensation,
  layerCondensations,
} from "./feature-condensation/feature-condensation.ts";
export {
  balancePlot,
  type GradientBalance,
  gradientBalance,
  type ParameterBalance,
} from "./gradient-balance/gradient-balance.ts";
export type { PlotMark, PlotRow, PlotScale, PlotSpec } from "./plot.ts";
export {
  type Drift,
  type DriftOptions,
  driftPlot,
  type LayerDrift,
  layerDrifts,
  statisticsDrift,
} from "./statistics-drift/statistics-drift.ts";
export { type Pass, type WatchOptions, watchModules } from "./watch.ts";

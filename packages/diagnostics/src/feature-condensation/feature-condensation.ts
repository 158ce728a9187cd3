import { fail, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";
import { checkInProcess } from "../in-process.ts";
import type { PlotSpec } from "../plot.ts";
import { quantile } from "../quantile.ts";
import { type WatchOptions, watchModules } from "../watch.ts";

/** How alike the features of different samples are. */
export interface Condensation {
  /** The mean cosine over pairs of different samples: 1 where all features point the same way. */
  readonly similarity: number;
  /** The cosine of each pair, ascending. */
  readonly cosines: Float64Array;
}

/** The features that enter one norm. */
export interface LayerCondensation extends Condensation {
  /** The norm's name in the model. */
  readonly layer: string;
}

/** Shorter features than this have no direction: their cosines are 0 or nearly so. */
const shortest = 1e-12;

/**
 * Feature condensation: the cosines between the features of different samples.
 *
 *     f[n] = x[n] / max(‖x[n]‖, 1e−12),     similarity = (‖Σ f[n]‖² − Σ ‖f[n]‖²) / (N·(N − 1))
 *
 * **When to use.** On what enters a norm, before an activation: numbers that are never negative, such as those
 * behind a ReLU, have large cosines by themselves.
 *
 * **Differs from the paper.** Which features the paper compares could not be verified: here a feature is all of
 * a sample, over channels and positions.
 *
 * @param x - [samples, ...], of at least two samples.
 * @throws ShapeError for fewer samples or no elements.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * featureCondensation(random(1).normal([16, 8, 6, 6])).similarity; // near 0
 *
 * @see Wang, Zhang, Liu, Yan: Unified Batch Normalization. https://arxiv.org/abs/2311.15993
 */
export function featureCondensation(x: Tensor): Condensation {
  checkInProcess("featureCondensation");
  const samples = x.shape[0] ?? 0;
  if (samples < 2 || x.size === 0) {
    const expected = "x of at least two samples, with elements";
    fail(
      { where: "featureCondensation", expected, got: `shape ${showShape(x.shape)}` },
      ShapeError,
    );
  }
  const directions = directionsOf(x, samples);
  const length = x.size / samples;
  const cosines = new Float64Array((samples * (samples - 1)) / 2);
  let pair = 0;
  for (let n = 1; n < samples; n++) {
    for (let m = 0; m < n; m++) cosines[pair++] = dot(directions, n * length, m * length, length);
  }
  const similarity = cosines.reduce((sum, cosine) => sum + cosine, 0) / pair;
  return { similarity, cosines: cosines.sort() };
}

function directionsOf(x: Tensor, samples: number): Float64Array {
  const out = Float64Array.from(x.data);
  const length = x.size / samples;
  for (let start = 0; start < out.length; start += length) {
    const size = Math.max(Math.sqrt(dot(out, start, start, length)), shortest);
    for (let i = start; i < start + length; i++) out[i]! /= size;
  }
  return out;
}

function dot(x: Float64Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += x[a + i]! * x[b + i]!;
  return sum;
}

/**
 * The condensation of what enters each norm of a model, in the order in which they run. The model runs in its
 * own mode, and its running statistics rest.
 *
 * @param options.condition - For conditional norms.
 * @throws ShapeError for fewer than two samples; whatever the model throws.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * for (const { layer, similarity } of layerCondensations(model, x)) console.log(layer, similarity);
 */
export function layerCondensations(
  model: Module,
  x: Tensor,
  options: WatchOptions = {},
): readonly LayerCondensation[] {
  checkInProcess("layerCondensations");
  const found: LayerCondensation[] = [];
  watchModules(
    model,
    x,
    ({ name, module, input }) => {
      if (!(module instanceof NormModule)) return;
      found.push({ layer: name, ...featureCondensation(input) });
    },
    options,
  );
  return found;
}

/**
 * The similarity at each norm, with bars from the 5 % to the 95 % quantile of its cosines.
 *
 * @example
 * const { title, scales, marks } = condensationPlot(layerCondensations(model, x));
 */
export function condensationPlot(layers: readonly LayerCondensation[]): PlotSpec {
  const data = layers.map(({ layer, similarity, cosines }) => ({
    layer,
    similarity,
    low: quantile(cosines, 0.05),
    high: quantile(cosines, 0.95),
  }));
  const at = { x: "layer", y: "similarity" };
  return {
    title: "Cosines between the features of different samples that enter each norm",
    scales: {
      x: { label: "norm", type: "point", domain: layers.map(({ layer }) => layer) },
      y: { label: "cosine", domain: [Math.min(0, ...data.map(({ low }) => low)), 1], grid: true },
    },
    marks: [
      { mark: "ruleX", data, options: { x: "layer", y1: "low", y2: "high" } },
      { mark: "line", data, options: at },
      { mark: "dot", data, options: { ...at, fill: "currentColor" } },
    ],
  };
}

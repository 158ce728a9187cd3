import { fail, OptionError, show, type Tensor } from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";
import {
  axis,
  batchPlanes,
  variance as biasedVariance,
  checkInput,
  checkMoreThanOne,
  checkOptions,
  flag,
  momentsOfPlanes,
  nonNegative,
  type OptionRule,
  type OptionRules,
  unbiasedVariance,
} from "@evenkeel/norm-core";
import { checkInProcess } from "../in-process.ts";
import type { PlotSpec } from "../plot.ts";
import { runningOf } from "../running.ts";
import { type WatchOptions, watchModules } from "../watch.ts";

/** How far the statistics of a batch are from the running ones; each list has a number per channel. */
export interface Drift {
  /** (batch mean − running mean) / √(running variance + eps). */
  readonly meanShift: Float64Array;
  /** log((batch variance + eps) / (running variance + eps)). */
  readonly logVarianceRatio: Float64Array;
  /** KL(batch ‖ running) of normal distributions with these statistics; 0 where they are equal. */
  readonly divergence: Float64Array;
  /** The mean divergence of a channel. */
  readonly meanDivergence: number;
}

/** The drift at one norm. */
export interface LayerDrift extends Drift {
  /** The norm's name in the model. */
  readonly layer: string;
}

/** What a batch is compared with. */
export interface DriftOptions {
  /** Running mean of each channel. */
  readonly mean: ArrayLike<number>;
  /** Running variance of each channel. */
  readonly variance: ArrayLike<number>;
  /** Added to both variances. Default 1e-5. */
  readonly eps?: number;
  /** Where the channels of x are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
  /** The running variance is M2 / (n − 1), so the batch's is, too. Default true. */
  readonly unbiased?: boolean;
}

const list: OptionRule<ArrayLike<number>> = {
  expected: "a list with a number per channel",
  legal: (v) => typeof (v as ArrayLike<number> | null | undefined)?.length === "number",
};
const rules: OptionRules<DriftOptions> = {
  mean: list,
  variance: list,
  eps: nonNegative(1e-5),
  channelAxis: axis(1),
  unbiased: flag(true),
};

/**
 * Compares the statistics of a batch with running ones, channel by channel.
 *
 *     shift = (μ − m) / √(v + eps),  ratio = (σ² + eps) / (v + eps),  divergence = ½·(shift² + ratio − 1 − log ratio)
 *
 * **When to use.** To see whether evaluation normalizes by numbers that fit the data: after a change of domain,
 * with small batches, or when training and evaluation disagree. A batch of few values drifts by chance alone.
 *
 * @param x - What enters the norm.
 * @throws ShapeError for an input that does not fit the statistics, is empty, or has one value per channel;
 *   OptionError for options.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const x = random(1).normal([32, 2, 8, 8], { mean: 3 });
 * statisticsDrift(x, { mean: [0, 3], variance: [1, 1] }).meanShift; // about [3, 0]
 */
export function statisticsDrift(x: Tensor, options: DriftOptions): Drift {
  const where = "statisticsDrift";
  checkInProcess(where);
  const { mean, variance, eps, channelAxis, unbiased } = checkOptions(where, options, rules);
  const numFeatures = mean.length;
  if (variance.length !== numFeatures) {
    const expected = `a variance for each of ${numFeatures} means`;
    fail({ where, expected, got: show(variance.length) }, OptionError);
  }
  const at = checkInput(where, x, { numFeatures, channelAxis });
  const batch = momentsOfPlanes(x, batchPlanes(x.shape, at));
  checkMoreThanOne(where, x, batch.count as number, "Use a larger batch.");
  const own = (unbiased ? unbiasedVariance(batch) : biasedVariance(batch)).data;
  const meanShift = Float64Array.from(
    batch.mean.data,
    (m, c) => (m - mean[c]!) / Math.sqrt(variance[c]! + eps),
  );
  const logVarianceRatio = Float64Array.from(own, (v, c) =>
    Math.log((v + eps) / (variance[c]! + eps)),
  );
  const divergence = meanShift.map((shift, c) => {
    const log = logVarianceRatio[c]!;
    return (shift * shift + Math.expm1(log) - log) / 2;
  });
  const meanDivergence = divergence.reduce((sum, d) => sum + d, 0) / numFeatures;
  return { meanShift, logVarianceRatio, divergence, meanDivergence };
}

/**
 * The drift at each norm of a model that has one running mean and variance per channel, in the order in which
 * they run. Others, such as group norms and norms with statistics per domain, are passed over.
 *
 * The model runs in its own mode: in training mode each norm hands on what it normalized by the batch, in
 * evaluation what it normalized by running statistics, so that drift adds up from layer to layer. Running
 * statistics rest. A mask in the condition is not taken into account.
 *
 * @param options.condition - For conditional norms.
 * @throws ShapeError for a batch with one value per channel; whatever the model throws.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const [first] = layerDrifts(model.eval(), x);
 * if (first && first.meanDivergence > 0.1) console.log(`${first.layer} sees other data`);
 */
export function layerDrifts(
  model: Module,
  x: Tensor,
  options: WatchOptions = {},
): readonly LayerDrift[] {
  checkInProcess("layerDrifts");
  const found: LayerDrift[] = [];
  watchModules(
    model,
    x,
    ({ name, module, input }) => {
      const running = module instanceof NormModule ? runningOf(module) : undefined;
      if (!running) return;
      const { weight: _, ...statistics } = running;
      found.push({ layer: name, ...statisticsDrift(input, statistics) });
    },
    options,
  );
  return found;
}

/**
 * The divergence of each channel at each norm, and a line through the means.
 *
 * @example
 * const { title, scales, marks } = driftPlot(layerDrifts(model, x));
 */
export function driftPlot(layers: readonly LayerDrift[]): PlotSpec {
  const channels = layers.flatMap(({ layer, divergence }) =>
    Array.from(divergence, (value, channel) => ({ layer, channel, divergence: value })),
  );
  const means = layers.map(({ layer, meanDivergence }) => ({ layer, divergence: meanDivergence }));
  const at = { x: "layer", y: "divergence" };
  return {
    title: "Divergence of the batch's statistics from the running ones, channel by channel",
    scales: {
      x: { label: "norm", type: "point", domain: layers.map(({ layer }) => layer) },
      y: { label: "KL(batch ‖ running)", grid: true },
    },
    marks: [
      { mark: "dot", data: channels, options: { ...at, fill: "currentColor", fillOpacity: 0.35 } },
      { mark: "line", data: means, options: at },
    ],
  };
}

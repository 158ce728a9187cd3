import { type Conv2d, type DrawOptions, norm } from "@evenkeel/nn";
import {
  affineOf,
  affinePlanes,
  batchPlanes,
  type Card,
  castAll,
  checkInput,
  checkMoreThanOne,
  defineNorm,
  initAffine,
  initRunning,
  type Moments,
  momentsOfPlanes,
  type Norm,
  normalizePlanes,
  type PlaneRule,
  planeSize,
  runningStatistics,
  statisticsDType,
  type Tensors,
  unbiasedVariance,
  updateRunning,
} from "@evenkeel/norm-core";
import { type CrossIterationBatchNormCondition, checkCondition } from "./condition.ts";
import { CrossIterationConv2d } from "./conv2d.ts";
import { type CrossIterationBatchNormOptions, checkGroups, rules } from "./options.ts";
import { initHistory, mapBy, pastOf, remember, withPast } from "./window.ts";

export type { CrossIterationBatchNormCondition } from "./condition.ts";
export { CrossIterationConv2d } from "./conv2d.ts";
export type { CrossIterationBatchNormOptions } from "./options.ts";

const card: Card = {
  id: "crossIterationBatchNorm",
  name: "Cross-iteration batch normalization",
  summary:
    "Batch norm by the statistics of the last few batches together, the earlier ones moved along with the weight that made them.",
  tex: String.raw`y = \gamma_c\,\frac{x - \bar\mu_c}{\bar\sigma_c + \epsilon} + \beta_c,\quad \tilde\mu_\tau = \mu_{t-\tau} + \rho\,\langle \tfrac{\partial\mu_{t-\tau}}{\partial\theta_{t-\tau}}, \theta_t - \theta_{t-\tau}\rangle`,
  paper: {
    title: "Cross-Iteration Batch Normalization",
    authors: "Yao, Cao, Zheng, Huang, Lin",
    year: 2021,
    venue: "CVPR",
    arxiv: "2002.05712",
    code: "Howal/Cross-iterationBatchNorm",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
    preCount: "pre_count",
    preMu: "pre_mu",
    preVar: "pre_var",
    preDmuDw: "pre_dmu_dw",
    preDvarDw: "pre_dvar_dw",
    preWeight: "pre_weight",
  },
  notes: [
    'An earlier batch whose variance would be negative under today\'s weight is left out, as in the published code; the paper counts it with variance 0 (negativeVarianceRule "max").',
    'eps is added to the standard deviation, as in the published code; epsMode "inside" adds it to the variance.',
    "While the window is closed, the unbiased variance normalizes, as in the published code.",
    "Running statistics take in single batches, never the window, as in the published code.",
    "The window and the counter of the burn-in are part of the state; the published code loses them when it saves.",
    "The published code closes the window where x needs no gradient; here `pinned` or the mode says so.",
  ],
};

/**
 * Batch normalization by the last few batches together: the statistics of earlier ones are corrected to
 * first order for how the weight of the layer before has changed since.
 *
 *     m(τ) = mean(τ) + rho·⟨d mean(τ)/dθ(τ), θ − θ(τ)⟩      for the bufferNum batches before, v(τ) alike
 *     mean = average of m over the window                   var = average of v + (m − mean)²
 *     y = weight·(x − mean) / (√var + eps) + bias
 *
 * **When to use.** Batches of few samples, as in detection and segmentation, behind convolutions or linear
 * layers: `crossIterationConv2d` puts one behind a convolution and tells it what it has to know.
 *
 * **Differs from the paper.** Entries with a negative variance are dropped and eps is outside the root, as
 * in the published code. Options give the paper's rules.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: `runningMean`, `runningVar` [numFeatures],
 * `numBatchesTracked`, `preCount` []; newest first and filled up to `preCount`: `preMu`, `preVar`
 * [bufferNum, numFeatures], and with `filterShape` `preDmuDw` [bufferNum, groups, …filterShape],
 * `preDvarDw`, `preWeight` [bufferNum, numFeatures, …filterShape]. The gradient goes through the current
 * batch's statistics only.
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, one value per channel in training, or
 *   a condition that lacks a tensor; ValueError for statistics that are not finite.
 *
 * @example
 * // told of nothing, it averages the statistics of four batches as they were
 * const cbn = crossIterationBatchNorm({ numFeatures: 3, burnIn: 0 });
 * const { params, state } = cbn.init();
 * const { output, state: next } = cbn.apply(random(1).normal([2, 3, 4, 4]), params, state);
 *
 * @see Yao et al., Cross-Iteration Batch Normalization, CVPR 2021, arXiv 2002.05712.
 */
export const crossIterationBatchNorm: Norm<
  CrossIterationBatchNormOptions,
  CrossIterationBatchNormCondition
> = defineNorm<CrossIterationBatchNormOptions, CrossIterationBatchNormCondition>({
  card,
  options: rules,
  check: (options) => checkGroups(card.id, options),
  init: (options, dtype) => ({
    params: initAffine([options.numFeatures], dtype, options),
    state: { ...initRunning(options.numFeatures, dtype), ...initHistory(options, dtype) },
  }),
  fusesActivation: true,
  apply(x, params, state, options, { mode, condition, activation }) {
    const layout = batchPlanes(x.shape, checkInput(card.id, x, options));
    const told = checkCondition(card.id, condition, options, mode);
    const affine = affineOf(params);
    const dtype = statisticsDType(x);
    if (mode.statistics === "batch" || mode.update) {
      const hint = "Use larger batches, evaluation mode, or group norm.";
      checkMoreThanOne(card.id, x, planeSize(layout), hint);
    }
    if (mode.statistics === "running") {
      const { mean, variance } = runningStatistics(card.id, state, dtype);
      const map = mapBy(mean, variance, options, castAll(affine, dtype));
      const output = affinePlanes(x, map, { layout, activation });
      if (!mode.update) return { output, state };
      return { output, state: next(state, momentsOfPlanes(x, layout), told, options) };
    }
    const past = pastOf(state, told?.weight, options, dtype);
    const rule = (batch: Moments, given: Tensors): PlaneRule<Moments> => {
      const { mean, variance } = withPast(batch, past);
      return { ...mapBy(mean, variance, options, given), aux: batch };
    };
    const { output, aux } = normalizePlanes(x, affine, rule, { layout, activation });
    return { output, state: mode.update ? next(state, aux, told, options) : state };
  },
});

/**
 * A convolution with a cross-iteration batch norm behind it that follows the convolution's weight. In training
 * it costs one more gradient of the weight than convolution and batch norm do.
 *
 * @param conv - Without bias.
 * @param options - The norm's, but for those that the convolution says.
 * @param init - See `norm` of `@evenkeel/nn`.
 * @throws OptionError for a convolution with bias and for options that the norm refuses.
 *
 * @example
 * const conv = new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1, bias: false });
 * const model = new Sequential(crossIterationConv2d(conv, { bufferNum: 3 }), new ReLU());
 * model.forward(ones([2, 3, 8, 8])).shape; // [2, 8, 8, 8]
 */
export function crossIterationConv2d(
  conv: Conv2d,
  options: Omit<
    CrossIterationBatchNormOptions,
    "numFeatures" | "filterShape" | "groups" | "channelAxis"
  > = {},
  init: DrawOptions = {},
): CrossIterationConv2d {
  const [numFeatures, ...filterShape] = conv.weight.value.shape as [number, ...number[]];
  const all = { ...options, numFeatures, filterShape, groups: conv.groups };
  return new CrossIterationConv2d(conv, norm(crossIterationBatchNorm, all, init));
}

type Options = Required<CrossIterationBatchNormOptions>;

/** Running statistics and history after the batch. */
function next(
  state: Tensors,
  batch: Moments,
  told: CrossIterationBatchNormCondition | undefined,
  options: Options,
): Tensors {
  const statistics = { mean: batch.mean, variance: unbiasedVariance(batch) };
  const running = updateRunning(card.id, state, statistics, options.momentum);
  return { ...running, ...remember(card.id, state, batch, told, options) };
}

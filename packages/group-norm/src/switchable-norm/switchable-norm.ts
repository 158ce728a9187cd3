import {
  add,
  div,
  exp,
  max,
  mul,
  ones,
  slice,
  stopGradient,
  sub,
  sum,
  type Tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  affineOf,
  type BatchOptions,
  batchOptions,
  type Card,
  defineNorm,
  flag,
  initAffine,
  initRunning,
  type Moments,
  merge,
  type Norm,
  normalizeBatch,
  standardMap,
  type Tensors,
  unbiasedVariance,
  variance,
} from "@evenkeel/norm-core";

/** Options of `switchableNorm`, in PyTorch's vocabulary. */
export interface SwitchableNormOptions
  extends Omit<BatchOptions, "trackRunningStats" | "unbiasedRunningVar"> {
  /** Switch between instance, layer and batch statistics; false leaves the batch's out. Default true. */
  readonly usingBn?: boolean;
  /** Start from weight 0, for the last norm of a residual branch. Default false. */
  readonly lastGamma?: boolean;
  /** The unbiased variance of each instance, as the published code; false: the paper's. Default true. */
  readonly unbiasedInstanceVar?: boolean;
}

const card: Card = {
  id: "switchableNorm",
  name: "Switchable normalization",
  summary:
    "Learns for each layer how much of instance, layer and batch statistics to normalize by.",
  tex: String.raw`y = \gamma_c\,\frac{x - \sum_k a_k\mu_k}{\sqrt{\sum_k b_k\sigma_k^2 + \epsilon}} + \beta_c,\quad k \in \{\mathrm{in}, \mathrm{ln}, \mathrm{bn}\}`,
  paper: {
    title: "Differentiable Learning-to-Normalize via Switchable Normalization",
    authors: "Luo, Ren, Peng, Zhang, Li",
    year: 2019,
    venue: "ICLR",
    arxiv: "1806.10779",
    code: "switchablenorms/Switchable-Normalization@5472286",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    meanWeight: "mean_weight",
    varWeight: "var_weight",
    runningMean: "running_mean",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  notes: [
    "momentum is the weight of the new batch; in the published code it is one minus that.",
    "The instance's variance is unbiased by default, as in the published code; the paper's is biased (unbiasedInstanceVar).",
    "The running variance starts at 0, as in the published code, so train before evaluating.",
    "The published batch average (using_moving_average=False) needs another pass over the data; momentum null averages while training instead.",
    "weight and bias are [C]; the published ones are [1, C, 1, 1].",
  ],
};

/**
 * Switchable normalization of any rank >= 2.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias
 *     mean = Σ softmax(meanWeight)ₖ meanₖ      var = Σ softmax(varWeight)ₖ varₖ      k: instance, layer, batch
 *
 * **When to use.** Where it is not known which statistics suit a layer, or the batch size varies between
 * tasks: with few samples the layer can learn to lean on the instance's and the layer's.
 *
 * **Differs from the paper.** See the card's notes.
 *
 * Parameters: `weight`, `bias` [numFeatures], `meanWeight`, `varWeight` [3], without usingBn [2]. State with
 * usingBn: `runningMean`, `runningVar` [numFeatures], `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank or channel count, an empty batch, or in training one value per channel
 *   (without usingBn: per sample); ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const sn = switchableNorm({ numFeatures: 3 });
 * const { params, state } = sn.init();
 * const { output, state: next } = sn.apply(random(1).normal([2, 3, 4, 4]), params, state);
 *
 * @see Luo and others, Switchable Normalization, ICLR 2019, arXiv 1806.10779.
 */
export const switchableNorm: Norm<SwitchableNormOptions> = defineNorm<SwitchableNormOptions>({
  card,
  options: {
    numFeatures: batchOptions.numFeatures,
    eps: batchOptions.eps,
    momentum: batchOptions.momentum,
    channelAxis: batchOptions.channelAxis,
    usingBn: flag(true),
    lastGamma: flag(false),
    unbiasedInstanceVar: flag(true),
  },
  init({ numFeatures, usingBn, lastGamma }, dtype) {
    const affine = initAffine([numFeatures], dtype);
    const logits = ones([usingBn ? 3 : 2], { dtype });
    const running = usingBn ? initRunning(numFeatures, dtype) : {};
    return {
      params: {
        ...affine,
        ...(lastGamma && { weight: zerosLike(affine["weight"]!) }),
        ...{ meanWeight: logits, varWeight: logits },
      },
      state: usingBn ? { ...running, runningVar: zerosLike(running["runningVar"]!) } : {},
    };
  },
  fusesActivation: true,
  apply(x, params, state, options, { mode, activation }) {
    const { usingBn, unbiasedInstanceVar } = options;
    const batch = { ...options, trackRunningStats: usingBn, unbiasedRunningVar: false };
    const { meanWeight, varWeight } = params;
    const logits = { meanLogits: lowered(meanWeight!), varLogits: lowered(varWeight!) };
    const inputs: Tensors = { ...affineOf(params), ...logits };
    return normalizeBatch(card.id, x, inputs, {
      ...{ state, options: batch, mode, activation, perSample: true },
      batch(planes) {
        const all = merge(alike(planes, unbiasedInstanceVar), { axes: usingBn ? 0 : 1 });
        const n = (planes.count as number) * (all.count as number);
        return { count: n, mean: all.mean, m2: mul(n, variance(all)) };
      },
      map(ofBatch, p, planes) {
        const instance = alike(planes, unbiasedInstanceVar);
        const layer = merge(instance, { axes: 1 });
        const means = [instance.mean, layer.mean, ofBatch.mean];
        const variances = [instance.m2, variance(layer), ofBatch.variance];
        const mean = mixed(means, p["meanLogits"]!);
        return standardMap(mean, mixed(variances, p["varLogits"]!), options.eps, affineOf(p));
      },
    });
  },
});

/**
 * Instances that count alike, with their variance for M2: merged they have the mean of their means, and the
 * mean of their variances plus the variance of their means.
 */
function alike(planes: Moments, unbiased: boolean): Moments {
  const spread = unbiased && planes.count !== 1 ? unbiasedVariance(planes) : variance(planes);
  return { count: 1, mean: planes.mean, m2: spread };
}

/** Logits less the largest, as a softmax takes them. */
function lowered(logits: Tensor): Tensor {
  return sub(logits, stopGradient(max(logits)));
}

/** The parts weighed by the softmax of as many lowered logits as there are. */
function mixed(parts: readonly Tensor[], logits: Tensor): Tensor {
  const powers = exp(logits);
  const total = parts
    .slice(0, logits.size)
    .map((part, k) => mul(slice(powers, [k], [k + 1]), part))
    .reduce((all, part) => add(all, part));
  return div(total, sum(powers));
}

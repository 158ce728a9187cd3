import {
  add,
  cast,
  div,
  ones,
  reshape,
  sqrt,
  stopGradient,
  sub,
  type Tensor,
  zeros,
} from "@evenkeel/autodiff";
import {
  affinePlanes,
  type BatchOptions,
  batchOptions,
  type Card,
  checkFinite,
  checkInput,
  checkMoreThanOne,
  defineNorm,
  flag,
  initAffine,
  type Moments,
  merge,
  momentsOfPlanes,
  type Norm,
  samplePlanes,
  samplesFirst,
  type Tensors,
  unbiasedVariance,
  updateAverages,
  variance,
} from "@evenkeel/norm-core";

/** Options of `evonormB0`, in PyTorch's vocabulary. */
export interface EvonormB0Options extends Omit<BatchOptions, "trackRunningStats"> {
  /** Store the unbiased variance, as timm; false stores the biased one, as the published code. Default false. */
  readonly unbiasedRunningVar?: boolean;
  /** Normalize and activate; false leaves weight and bias alone, as the published code. Default true. */
  readonly nonlinearity?: boolean;
}

const card: Card = {
  id: "evonormB0",
  name: "EvoNorm-B0",
  summary: "Norm and activation in one, found by search: divides by the larger of two deviations.",
  tex: String.raw`y = \gamma_c\,\frac{x}{\max\big(\sqrt{\sigma_c^2 + \epsilon},\ v_c\,x + \sqrt{\sigma_{n,c}^2 + \epsilon}\big)} + \beta_c`,
  paper: {
    title: "Evolving Normalization-Activation Layers",
    authors: "Liu, Brock, Simonyan, Le",
    year: 2020,
    venue: "NeurIPS",
    arxiv: "2004.02967",
    code: "tensorflow/tpu@139e1f4 (models/official/resnet)",
  },
  keys: {
    weight: "weight",
    bias: "bias",
    v: "v",
    runningVar: "running_var",
    numBatchesTracked: "num_batches_tracked",
  },
  activated: true,
  notes: [
    "The biased variance is stored, as in the published code; timm stores the unbiased one (unbiasedRunningVar).",
    "momentum is the weight of the new batch; in the published code it is one minus that.",
  ],
};

/**
 * EvoNorm-B0 of any rank >= 2.
 *
 *     y = weight·x / max(√(var + eps), v·x + √(varₙ + eps)) + bias
 *
 * var is that of the channel over the batch, varₙ that of the channel in the sample; in evaluation var is the
 * running one. No other activation should follow.
 *
 * **When to use.** In place of batch norm and ReLU in convolutional networks with usual batches; for small
 * ones there is EvoNorm-S0.
 *
 * **Differs from the paper.** Nothing in the numbers; see the card's notes on ports.
 *
 * Parameters: `weight`, `bias` [numFeatures], and with nonlinearity `v` [numFeatures], at first 1. State:
 * `runningVar` [numFeatures], `numBatchesTracked` [].
 *
 * @throws ShapeError for a wrong rank, channel count, an empty batch, or one value per channel in training;
 *   ValueError for statistics that are not finite. State is never half-updated.
 *
 * @example
 * const norm = evonormB0({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const { output, state: next } = norm.apply(random(1).normal([8, 3, 4, 4]), params, state);
 *
 * @see Liu, Brock, Simonyan and Le, Evolving Normalization-Activation Layers, NeurIPS 2020, arXiv 2004.02967.
 */
export const evonormB0: Norm<EvonormB0Options> = defineNorm<EvonormB0Options>({
  card,
  options: {
    numFeatures: batchOptions.numFeatures,
    eps: batchOptions.eps,
    momentum: batchOptions.momentum,
    nonlinearity: flag(true),
    unbiasedRunningVar: flag(false),
    channelAxis: batchOptions.channelAxis,
  },
  init: ({ numFeatures, nonlinearity }, dtype) => ({
    params: {
      ...initAffine([numFeatures], dtype),
      ...(nonlinearity && { v: ones([numFeatures], { dtype }) }),
    },
    state: { runningVar: ones([numFeatures], { dtype }), numBatchesTracked: zeros([], { dtype }) },
  }),
  apply(x, params, state, options, { mode }) {
    const first = samplesFirst(x, checkInput(card.id, x, options));
    const layout = samplePlanes(first.x.shape, first.axis);
    const center = zeros([options.numFeatures], { dtype: x.dtype });
    const affine = { center, scale: params["weight"]!, shift: params["bias"]! };
    const { v } = params;
    if (!v) return { output: first.restore(affinePlanes(first.x, affine, { layout })), state };
    const byBatch = mode.statistics === "batch";
    if (byBatch || mode.update) {
      const values = x.size / options.numFeatures;
      checkMoreThanOne(card.id, x, values, "Use larger batches, evaluation mode, or EvoNorm-S0.");
    }
    const planes = momentsOfPlanes(first.x, layout);
    const batch = merge(planes, { axes: 0, keepDims: false });
    const own = deviation(variance(planes), options.eps);
    const spread = byBatch ? variance(batch) : runningVariance(state, own);
    const common = deviation(spread, options.eps);
    // max(v·x + own, common) = relu(v·x + own − common) + common: one pass makes all but the last sum.
    const excess = { center, scale: v, shift: sub(own, common) };
    const above = affinePlanes(first.x, excess, { layout, activation: "relu" });
    const perChannel = first.x.shape.map((n, i) => (i === first.axis ? n : 1));
    const divisor = add(above, reshape(cast(common, x.dtype), perChannel));
    const output = affinePlanes(div(first.x, divisor), affine, { layout });
    return {
      output: first.restore(output),
      state: mode.update ? next(state, batch, options) : state,
    };
  },
});

function deviation(spread: Tensor, eps: number): Tensor {
  return sqrt(add(spread, eps));
}

/** As a constant, in the dtype of the statistics. */
function runningVariance({ runningVar }: Tensors, { dtype }: Tensor): Tensor {
  checkFinite(card.id, "running variance", runningVar!);
  return cast(stopGradient(runningVar!), dtype);
}

function next(
  state: Tensors,
  batch: Moments,
  { unbiasedRunningVar, momentum }: Required<EvonormB0Options>,
): Tensors {
  const runningVar = unbiasedRunningVar ? unbiasedVariance(batch) : variance(batch);
  return updateAverages(card.id, state, { runningVar }, momentum);
}

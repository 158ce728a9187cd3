import {
  abs,
  add,
  full,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  zeros,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  axis,
  type Card,
  checkInput,
  count,
  defineNorm,
  flag,
  initAffine,
  type Moments,
  type Norm,
  nonNegative,
  normalizePlanes,
  type PlaneMap,
  samplePlanes,
  samplesFirst,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";

/** Options of `filterResponseNorm`, those of batch norm in PyTorch's vocabulary. */
export interface FilterResponseNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the mean square, inside the root. Default 1e-6. */
  readonly eps?: number;
  /** Learn what is added besides, per channel: for feature maps of one position. Default false. */
  readonly learnedEps?: boolean;
  /** Learn a threshold per channel, below which the output stays: the activation. Default true. */
  readonly tlu?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "filterResponseNorm",
  name: "Filter response normalization",
  summary:
    "Divides each channel of each sample by its root mean square over space, then cuts off below a learned threshold.",
  tex: String.raw`y = \max\!\Big(\gamma_c\,\frac{x}{\sqrt{\nu_{n,c}^2 + \epsilon + |\epsilon_c|}} + \beta_c,\ \tau_c\Big),\quad \nu^2 = \overline{x^2}`,
  paper: {
    title:
      "Filter Response Normalization Layer: Eliminating Batch Dependence in the Training of Deep Neural Networks",
    authors: "Singh, Krishnan",
    year: 2020,
    venue: "CVPR",
    arxiv: "1911.09737",
  },
  keys: { weight: "weight", bias: "bias", tau: "tau", epsLearned: "eps_learned" },
  activated: true,
  notes: [
    "There is no published code; the numbers are those of the definition.",
    "Each channel learns an eps of its own; TensorFlow Addons learns one for all.",
    "Where output and threshold are equal, the gradient goes to the threshold.",
  ],
};

/**
 * Filter response normalization with the thresholded linear unit (TLU), of any rank >= 2.
 *
 *     y = max(weight·x / √(mean(x²) + eps + |epsLearned|) + bias, tau)      mean per sample and channel
 *
 * No mean is subtracted, and the threshold makes up for it: this is norm and activation in one, so that no
 * other activation should follow.
 *
 * **When to use.** Convolutional networks trained with very few samples per batch, one included.
 *
 * **Differs from the paper.** `epsLearned` is one number per channel and has to be asked for.
 *
 * Parameters: `weight`, `bias` [numFeatures]; with tlu `tau` [numFeatures], at first 0, which is a ReLU;
 * with learnedEps `epsLearned` [numFeatures], at first 1e-4. No state: training and evaluation are the same.
 *
 * @throws ShapeError for a wrong rank or channel count, or an empty batch.
 *
 * @example
 * const frn = filterResponseNorm({ numFeatures: 3 });
 * const { params, state } = frn.init();
 * const { output } = frn.apply(random(1).normal([1, 3, 4, 4]), params, state);
 *
 * @see Singh and Krishnan, Filter Response Normalization Layer, CVPR 2020, arXiv 1911.09737.
 */
export const filterResponseNorm: Norm<FilterResponseNormOptions> =
  defineNorm<FilterResponseNormOptions>({
    card,
    options: {
      numFeatures: count(),
      eps: nonNegative(1e-6),
      learnedEps: flag(false),
      tlu: flag(true),
      channelAxis: axis(1),
    },
    init: ({ numFeatures, learnedEps, tlu }, dtype) => ({
      params: {
        ...initAffine([numFeatures], dtype),
        ...(tlu && { tau: zeros([numFeatures], { dtype }) }),
        ...(learnedEps && { epsLearned: full([numFeatures], 1e-4, { dtype }) }),
      },
      state: {},
    }),
    apply(x, params, state, options) {
      const first = samplesFirst(x, checkInput(card.id, x, options));
      const layout = samplePlanes(first.x.shape, first.axis);
      const { tau } = params;
      const { output } = normalizePlanes(
        first.x,
        params,
        (planes, given) => responseMap(planes, given, options.eps),
        { layout, activation: tau && "relu" },
      );
      if (!tau) return { output: first.restore(output), state };
      // max(y, tau) = relu(y − tau) + tau: the map under the relu is in the passes that are made anyway.
      const perChannel = first.x.shape.map((n, i) => (i === first.axis ? n : 1));
      return { output: first.restore(add(output, reshape(tau, perChannel))), state };
    },
  });

/** The map to y − tau. */
function responseMap(
  planes: Moments,
  { weight, bias, tau, epsLearned }: Tensors,
  eps: number,
): PlaneMap {
  const meanSquare = add(variance(planes), square(planes.mean));
  const least = epsLearned ? add(abs(epsLearned), eps) : eps;
  return {
    center: zerosLike(planes.mean),
    scale: mul(weight!, rsqrt(add(meanSquare, least))),
    shift: tau ? sub(bias!, tau) : bias!,
  };
}

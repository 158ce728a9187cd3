import { add, cast, mul, ones, rsqrt, sigmoid, zeros } from "@evenkeel/autodiff";
import {
  affinePlanes,
  axis,
  type Card,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  flag,
  initAffine,
  mergeGroups,
  momentsOfPlanes,
  type Norm,
  nonNegative,
  samplePlanes,
  samplesFirst,
  variance,
} from "@evenkeel/norm-core";

/** Options of `evonormS0`, those of group norm in PyTorch's vocabulary. */
export interface EvonormS0Options {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Number of groups; where it does not divide the channels, the next lower that does. Default 32. */
  readonly numGroups?: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Normalize and activate; false leaves weight and bias alone, as the published code. Default true. */
  readonly nonlinearity?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "evonormS0",
  name: "EvoNorm-S0",
  summary:
    "Norm and activation in one, found by search: x·sigmoid(v·x) over the deviation of groups.",
  tex: String.raw`y = \gamma_c\,\frac{x\,\sigma(v_c\,x)}{\sqrt{\sigma_{n,g(c)}^2 + \epsilon}} + \beta_c`,
  paper: {
    title: "Evolving Normalization-Activation Layers",
    authors: "Liu, Brock, Simonyan, Le",
    year: 2020,
    venue: "NeurIPS",
    arxiv: "2004.02967",
    code: "tensorflow/tpu@139e1f4 (models/official/resnet)",
  },
  keys: { weight: "weight", bias: "bias", v: "v" },
  activated: true,
  notes: [
    "A number of groups that does not divide the channels is lowered to one that does, as in the published code.",
  ],
};

/**
 * EvoNorm-S0 of any rank >= 2.
 *
 *     y = weight·x·sigmoid(v·x) / √(var + eps) + bias        var per sample and group of channels
 *
 * No other activation should follow.
 *
 * **When to use.** In place of group norm and an activation in convolutional networks, with batches of any
 * size.
 *
 * **Differs from the paper.** Nothing that is known.
 *
 * Parameters: `weight`, `bias` [numFeatures], and with nonlinearity `v` [numFeatures], at first 1. No state:
 * training and evaluation are the same.
 *
 * @throws ShapeError for a wrong rank or channel count, an empty batch, or groups of one value.
 *
 * @example
 * const norm = evonormS0({ numFeatures: 4, numGroups: 2 });
 * const { params, state } = norm.init();
 * const { output } = norm.apply(random(1).normal([1, 4, 3, 3]), params, state);
 *
 * @see Liu, Brock, Simonyan and Le, Evolving Normalization-Activation Layers, NeurIPS 2020, arXiv 2004.02967.
 */
export const evonormS0: Norm<EvonormS0Options> = defineNorm<EvonormS0Options>({
  card,
  options: {
    numFeatures: count(),
    numGroups: count(32),
    eps: nonNegative(1e-5),
    nonlinearity: flag(true),
    channelAxis: axis(1),
  },
  init: ({ numFeatures, nonlinearity }, dtype) => ({
    params: {
      ...initAffine([numFeatures], dtype),
      ...(nonlinearity && { v: ones([numFeatures], { dtype }) }),
    },
    state: {},
  }),
  apply(x, { weight, bias, v }, state, { numFeatures, numGroups, eps, channelAxis }) {
    const first = samplesFirst(x, checkInput(card.id, x, { numFeatures, channelAxis }));
    const layout = samplePlanes(first.x.shape, first.axis);
    const zero = zeros([numFeatures], { dtype: x.dtype });
    const affine = { center: zero, scale: weight!, shift: bias! };
    if (!v) return { output: first.restore(affinePlanes(first.x, affine, { layout })), state };
    const groups = dividing(numFeatures, numGroups);
    const hint = "Use fewer groups, or an input with space to average over.";
    checkMoreThanOne(card.id, x, x.size / layout.samples / groups, hint);
    const gate = sigmoid(affinePlanes(first.x, { ...affine, scale: v, shift: zero }, { layout }));
    const moments = mergeGroups(momentsOfPlanes(first.x, layout), groups);
    const inverse = rsqrt(add(variance(moments), eps));
    const scale = mul(inverse, cast(weight!, inverse.dtype));
    const output = affinePlanes(mul(first.x, gate), { ...affine, scale }, { layout });
    return { output: first.restore(output), state };
  },
});

/** The largest divisor of the channels that is not above the wanted number of groups. */
function dividing(channels: number, wanted: number): number {
  let groups = Math.min(wanted, channels);
  while (channels % groups !== 0) groups -= 1;
  return groups;
}

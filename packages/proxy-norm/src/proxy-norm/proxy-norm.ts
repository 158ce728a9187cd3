import { add, cast, mul, neg, reshape, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  type Activation,
  affineOf,
  affinePlanes,
  axis,
  batchPlanes,
  type Card,
  checkGroups,
  checkInput,
  checkMoreThanOne,
  count,
  defineNorm,
  initAffine,
  mergeGroups,
  type Norm,
  nonNegative,
  normalizePlanes,
  oneOf,
  type PlaneMap,
  samplePlanes,
  samplesFirst,
  standardMap,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";
import { activations, type ProxyActivation, proxyMap } from "./proxy.ts";

export type { ProxyActivation } from "./proxy.ts";
export { proxyDecay } from "./proxy-decay.ts";

/** Options of `proxyNorm`. */
export interface ProxyNormOptions {
  /** Number of channels. */
  readonly numChannels: number;
  /** Groups of channels with statistics of their own; 1 is layer norm. Divides numChannels. Default 1. */
  readonly numGroups?: number;
  /** The function that normalized numbers go through. Default "relu". */
  readonly activation?: ProxyActivation;
  /** Added to the variance of each group, inside the root. Default 1e-3. */
  readonly normEps?: number;
  /** Added to the variance of the proxy, inside the root; small values make dead channels huge. Default 0.03. */
  readonly proxyEps?: number;
  /** Samples of the proxy variable. Default 200. */
  readonly numSamples?: number;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "proxyNorm",
  name: "Proxy normalization",
  summary:
    "Group norm and an activation, normalized again by what a Gaussian proxy of each channel would give.",
  tex: String.raw`z = \frac{\phi(\gamma_c\,\hat{x} + \beta_c) - \mathrm{E}[\phi(\gamma_c Y_c + \beta_c)]}{\sqrt{\mathrm{Var}[\phi(\gamma_c Y_c + \beta_c)] + \epsilon}}, \quad Y_c \sim \mathcal{N}(\tilde\beta_c, (1 + \tilde\gamma_c)^2)`,
  paper: {
    title:
      "Proxy-Normalizing Activations to Match Batch Normalization while Removing Batch Dependence",
    authors: "Labatie, Masters, Eaton-Rosen, Luschi",
    year: 2021,
    venue: "NeurIPS",
    arxiv: "2106.03743",
    code: "graphcore/examples",
  },
  keys: { weight: "weight", bias: "bias", proxyScale: "proxyScale", proxyBias: "proxyBias" },
  activated: true,
  notes: [
    "The authors compute the proxy's moments once after each optimizer step; here they are part of the graph, which is the same mathematically.",
    "proxyScale is kept as the offset from 1, as in the authors' code, so that weight decay pulls it there.",
  ],
};

/**
 * Proxy normalization after group norm and an activation φ.
 *
 *     y = groupNorm(x), without an affine
 *     q = the midpoint quantiles of N(0, 1), numSamples of them
 *     p = φ(weight·((1 + proxyScale)·q + proxyBias) + bias)        for each channel
 *     z = (φ(weight·y + bias) − mean(p)) / √(var(p) + proxyEps)
 *
 * **When to use.** In the place of norm *and* activation, where the batch is too small for batch norm. Layer and
 * group norm alone let channels drift towards constants with depth; the proxy undoes that without looking at
 * other samples.
 *
 * **Differs from the paper.** Nothing known. Give proxyScale and proxyBias weight decay, and weight and bias none:
 * see `proxyDecay`.
 *
 * Parameters: `weight`, `bias`, `proxyScale`, `proxyBias` [numChannels]. No state: training and evaluation are
 * the same.
 *
 * @throws OptionError if the groups do not divide the channels; ShapeError for a wrong rank or channel count, an
 *   empty batch, or groups of one value.
 *
 * @example
 * const pn = proxyNorm({ numChannels: 4, activation: "silu" });
 * const { params, state } = pn.init();
 * const { output } = pn.apply(random(1).normal([1, 4, 3, 3]), params, state); // no activation behind it
 *
 * @see Labatie, Masters, Eaton-Rosen and Luschi, NeurIPS 2021, arXiv 2106.03743.
 */
export const proxyNorm: Norm<ProxyNormOptions> = defineNorm<ProxyNormOptions>({
  card,
  options: {
    numChannels: count(),
    numGroups: count(1),
    activation: oneOf(["relu", "silu", "sigmoid", "tanh", "identity"], "relu"),
    normEps: nonNegative(1e-3),
    proxyEps: nonNegative(0.03),
    numSamples: count(200),
    channelAxis: axis(1),
  },
  check: ({ numGroups, numChannels }) => checkGroups(card.id, numGroups, numChannels),
  init: ({ numChannels }, dtype) => ({
    params: {
      ...initAffine([numChannels], dtype),
      proxyScale: zeros([numChannels], { dtype }),
      proxyBias: zeros([numChannels], { dtype }),
    },
    state: {},
  }),
  apply(x, params, state, options) {
    const { numChannels: numFeatures, channelAxis } = options;
    const first = samplesFirst(x, checkInput(card.id, x, { numFeatures, channelAxis }));
    const proxy = proxyMap(params, options);
    const scaled = options.activation === "relu" ? underRelu : behind;
    return { output: first.restore(scaled(first.x, first.axis, params, proxy, options)), state };
  },
});

type Options = Required<ProxyNormOptions>;

/** scale·(φ(weight·groupNorm(x) + bias) − center), as it stands. */
function behind(
  x: Tensor,
  channels: number,
  params: Tensors,
  proxy: PlaneMap,
  options: Options,
): Tensor {
  const y = groupsOf(x, channels, affineOf(params), options);
  const layout = batchPlanes(x.shape, channels);
  return affinePlanes(activations[options.activation](y), proxy, { layout });
}

/** The same for relu, which lets a positive scale through: one pass over memory less backward. */
function underRelu(
  x: Tensor,
  channels: number,
  { weight, bias }: Tensors,
  { center, scale }: PlaneMap,
  options: Options,
): Tensor {
  const scaled = (t: Tensor): Tensor => mul(scale, cast(t, scale.dtype));
  const affine = { weight: scaled(weight!), bias: scaled(bias!) };
  const y = groupsOf(x, channels, affine, options, "relu");
  const space = x.shape.slice(channels + 1).map(() => 1);
  const shift = cast(mul(scale, neg(center)), x.dtype);
  return add(y, reshape(shift, [center.size, ...space]));
}

/** weight·groupNorm(x) + bias. */
function groupsOf(
  x: Tensor,
  channels: number,
  affine: Tensors,
  { numGroups, normEps }: Options,
  activation?: Activation,
): Tensor {
  const layout = samplePlanes(x.shape, channels);
  const values = x.size / layout.samples / numGroups;
  checkMoreThanOne(card.id, x, values, "Use fewer groups, or an input with space to average over.");
  const { output } = normalizePlanes(
    x,
    affine,
    (planes, given) => {
      const groups = mergeGroups(planes, numGroups);
      return standardMap(groups.mean, variance(groups), normEps, given);
    },
    { layout, activation },
  );
  return output;
}

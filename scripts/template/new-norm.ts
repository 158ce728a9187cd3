import {
  affineOf,
  axis,
  batchPlanes,
  type Card,
  checkInput,
  count,
  defineNorm,
  flag,
  initAffine,
  type Norm,
  nonNegative,
  normalizePlanes,
  standardMap,
  variance,
} from "@evenkeel/norm-core";

/** Options of `newNorm`, in PyTorch's vocabulary. */
export interface NewNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "newNorm",
  name: "New norm (write me)",
  summary: "Write me: one sentence on what it does.",
  tex: String.raw`y = \gamma_c\,\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta_c`,
  paper: { title: "Write me", authors: "Write me", year: 2000 },
  keys: { weight: "weight", bias: "bias" },
  notes: ["Write me: where we differ from the paper or from its published code, and why."],
};

/**
 * Write me: one sentence.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        write me: mean, var over which axes
 *
 * **When to use.** Write me.
 *
 * **Differs from the paper.** Write me.
 *
 * Parameters: `weight`, `bias` [numFeatures]. State: none.
 *
 * @throws ShapeError for a wrong rank or channel count, or an empty input.
 *
 * @example
 * const norm = newNorm({ numFeatures: 3 });
 * const { params, state } = norm.init();
 * const { output } = norm.apply(random(1).normal([8, 3, 4, 4]), params, state);
 *
 * @see Write me: the paper.
 */
export const newNorm: Norm<NewNormOptions> = defineNorm<NewNormOptions>({
  card,
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    affine: flag(true),
    channelAxis: axis(1),
  },
  init: ({ numFeatures, affine }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine }),
    state: {},
  }),
  apply(x, params, state, options) {
    const layout = batchPlanes(x.shape, checkInput(card.id, x, options));
    // Write me: the paper's rule. This one standardizes each channel over the batch.
    const { output } = normalizePlanes(
      x,
      affineOf(params),
      (planes, affine) => standardMap(planes.mean, variance(planes), options.eps, affine),
      { layout },
    );
    return { output, state };
  },
});

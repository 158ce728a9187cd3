import {
  type Card,
  checkTrailing,
  counts,
  defineNorm,
  flag,
  initAffine,
  type Norm,
  nonNegative,
  rowPlanes,
  standardPlanes,
} from "@evenkeel/norm-core";

/** Options of `layerNorm`, in PyTorch's vocabulary. */
export interface LayerNormOptions {
  /** The trailing axes that are normalized together; a number means the last axis. */
  readonly normalizedShape: number | readonly number[];
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Learn a weight per normalized element. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Learn a bias too; only with `elementwiseAffine`. Default true. */
  readonly bias?: boolean;
}

const card: Card = {
  id: "layerNorm",
  name: "Layer normalization",
  summary: "Standardizes each sample over its trailing axes and scales element by element.",
  tex: String.raw`y_i = \gamma_i\,\frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta_i`,
  paper: {
    title: "Layer Normalization",
    authors: "Ba, Kiros, Hinton",
    year: 2016,
    arxiv: "1607.06450",
    code: "torch.nn.LayerNorm (PyTorch 1.13)",
  },
  keys: { weight: "weight", bias: "bias" },
  notes: ["A row of one element gives the bias, as in PyTorch."],
};

/**
 * Layer normalization over the trailing axes.
 *
 *     y = weight·(x − mean) / √(var + eps) + bias        mean, var over normalizedShape
 *
 * **When to use.** Transformers and recurrent networks; any batch size.
 *
 * Parameters: `weight`, `bias` of shape normalizedShape. No state: training and evaluation are the same.
 *
 * @throws ShapeError if x does not end in normalizedShape or is empty.
 *
 * @example
 * const ln = layerNorm({ normalizedShape: 6 });
 * const { params, state } = ln.init();
 * const { output } = ln.apply(random(1).normal([2, 5, 6]), params, state);
 *
 * @see Ba, Kiros and Hinton, Layer Normalization, 2016, arXiv 1607.06450.
 */
export const layerNorm: Norm<LayerNormOptions> = defineNorm<LayerNormOptions>({
  card,
  options: {
    normalizedShape: counts(),
    eps: nonNegative(1e-5),
    elementwiseAffine: flag(true),
    bias: flag(true),
  },
  init: ({ normalizedShape, elementwiseAffine, bias }, dtype) => ({
    params: initAffine([normalizedShape].flat(), dtype, { affine: elementwiseAffine, bias }),
    state: {},
  }),
  fusesActivation: true,
  apply(x, { weight, bias }, state, { normalizedShape, eps }, { activation }) {
    const axes = checkTrailing(card.id, x, [normalizedShape].flat());
    const layout = rowPlanes(x.shape, axes);
    const { output } = standardPlanes(x, {}, { eps, layout, weight, bias, activation });
    return { output, state };
  },
});

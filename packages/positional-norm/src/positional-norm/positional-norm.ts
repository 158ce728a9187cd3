import {
  broadcastTo,
  fail,
  reshape,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
} from "@evenkeel/autodiff";
import {
  axis,
  type Card,
  count,
  defineNorm,
  flag,
  initAffine,
  type Norm,
  nonNegative,
  normalizePlanes,
  type OptionRule,
  planesShape,
  standardMap,
  type Tensors,
} from "@evenkeel/norm-core";
import { type PositionRows, positionRows, varianceOf } from "../rows.ts";

/** Options of `positionalNorm`. */
export interface PositionalNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Divide by the channels less one, as the authors' PyTorch code; false as the paper. Default true. */
  readonly unbiased?: boolean;
  /** Learn a weight and a bias at each position of maps of this space, [H, W]; null learns none. Default null. */
  readonly affineShape?: Shape | null;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const card: Card = {
  id: "positionalNorm",
  name: "Positional normalization",
  summary: "Standardizes the channels at each position of each sample.",
  tex: String.raw`y_c = \frac{x_c - \mu_{n,p}}{\sqrt{\sigma_{n,p}^2 + \epsilon}}`,
  paper: {
    title: "Positional Normalization",
    authors: "Li, Wu, Weinberger, Belongie",
    year: 2019,
    venue: "NeurIPS",
    arxiv: "1907.04312",
    code: "Boyiliee/PONO",
  },
  keys: { weight: "weight", bias: "bias" },
  notes: [
    "The variance is the unbiased one of the authors' PyTorch code; paper and TensorFlow code have the biased one (`unbiased: false`).",
    "One channel is an error: its output would be 0, or not a number, everywhere.",
  ],
};

const spaceOrNull: OptionRule<Shape | null> = {
  fallback: null,
  expected: "a list of whole numbers >= 1, or null",
  legal: (v) =>
    v === null || (Array.isArray(v) && v.every((n) => Number.isInteger(n) && (n as number) > 0)),
};

/**
 * Positional normalization (PONO) of any rank >= 2.
 *
 *     y = (x − mean) / √(var + eps)        mean, var over the channels, at each position of each sample
 *     y = weight·y + bias                  a number per position, with `affineShape`
 *
 * **When to use.** In generators: mean and deviation of each position are a small picture of the structure,
 * which `momentShortcut` puts back in a later layer. Without the shortcut they are lost.
 *
 * **Differs from the paper.** The variance is unbiased by default, as in the authors' code and models.
 *
 * Parameters: none; with `affineShape` `weight`, `bias` of that shape. No state: training and evaluation
 * are the same.
 *
 * @throws ShapeError for a wrong rank or channel count, one channel, an empty batch, or another space than
 *   `affineShape`.
 *
 * @example
 * const pono = positionalNorm({ numFeatures: 8 });
 * const { params, state } = pono.init();
 * const { output } = pono.apply(random(1).normal([2, 8, 4, 4]), params, state);
 *
 * @see Li, Wu, Weinberger and Belongie, Positional Normalization, NeurIPS 2019, arXiv 1907.04312.
 */
export const positionalNorm: Norm<PositionalNormOptions> = defineNorm<PositionalNormOptions>({
  card,
  options: {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    unbiased: flag(true),
    affineShape: spaceOrNull,
    channelAxis: axis(1),
  },
  init: ({ affineShape }, dtype) => ({
    params: affineShape ? initAffine(affineShape, dtype) : {},
    state: {},
  }),
  fusesActivation: true,
  apply(x, params, state, options, { activation }) {
    const rows = positionRows(card.id, x, options);
    const { output } = normalizePlanes(
      x,
      affineAt(x, rows, params, options.affineShape),
      (moments, affine) =>
        standardMap(moments.mean, varianceOf(moments, options.unbiased), options.eps, affine),
      { layout: rows.layout, activation },
    );
    return { output, state };
  },
});

/** Weight and bias of each row: those of its position, for every sample. */
function affineAt(
  x: Tensor,
  { axis: at, layout }: PositionRows,
  params: Tensors,
  affineShape: Shape | null,
): Tensors {
  if (!affineShape) return {};
  const [samples, ...space] = x.shape.filter((_, i) => i !== at) as [number, ...number[]];
  checkSpace(x, space, affineShape);
  const spread = (t: Tensor): Tensor =>
    reshape(broadcastTo(t, [samples, ...space]), planesShape(layout));
  return Object.fromEntries(Object.entries(params).map(([name, t]) => [name, spread(t)]));
}

function checkSpace(x: Tensor, space: Shape, affineShape: Shape): void {
  if (sameShape(space, affineShape)) return;
  fail(
    {
      where: `${card.id} affineShape`,
      expected: `maps of the space ${showShape(affineShape)}`,
      got: `${showShape(space)} in shape ${showShape(x.shape)}`,
      hint: "The weight belongs to positions: keep the image size, or leave affineShape out.",
    },
    ShapeError,
  );
}

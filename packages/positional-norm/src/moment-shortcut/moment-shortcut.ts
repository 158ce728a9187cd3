import {
  add,
  cast,
  checkAxis,
  fail,
  reshape,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  sqrt,
  type Tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  affinePlanes,
  axis,
  type Card,
  checkOptions,
  flag,
  momentsOfPlanes,
  nonNegative,
  type OptionRules,
  rowPlanes,
} from "@evenkeel/norm-core";
import { positionRows, varianceOf } from "../rows.ts";

/** A mean and a deviation for each position: of x's shape with one channel. */
export interface PositionalMoments {
  readonly mean: Tensor;
  readonly std: Tensor;
}

/** Options of `positionalMoments`; they have to be those of the norm beside it. */
export interface PositionalMomentsOptions {
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Divide by the channels less one. Default true. */
  readonly unbiased?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

/** Where the channels are. */
export interface MomentShortcutOptions {
  /** Negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

/** What tables say of `momentShortcut`. */
export const momentShortcutCard: Card = {
  id: "momentShortcut",
  name: "Moment shortcut",
  summary:
    "Gives a later layer the mean and deviation that positional norm took from an earlier one.",
  tex: String.raw`y_c = \sigma_{n,p}\,x_c + \mu_{n,p}`,
  paper: {
    title: "Positional Normalization",
    authors: "Li, Wu, Weinberger, Belongie",
    year: 2019,
    venue: "NeurIPS",
    arxiv: "1907.04312",
    code: "Boyiliee/PONO",
  },
  keys: {},
  notes: ["The authors' module works in place on its input; this one returns a new tensor."],
};

const momentsRules: OptionRules<PositionalMomentsOptions> = {
  eps: nonNegative(1e-5),
  unbiased: flag(true),
  channelAxis: axis(1),
};
const shortcutRules: OptionRules<MomentShortcutOptions> = { channelAxis: axis(1) };

/**
 * Mean and deviation of each position, as `positionalNorm` takes them out.
 *
 *     mean = average of x over the channels        std = √(var + eps)
 *
 * **When to use.** Beside `positionalNorm` in an encoder, for `momentShortcut` in the decoder. Gradients flow
 * through both into x.
 *
 * @param x - Any rank >= 2, two channels or more.
 * @returns Both of x's shape and dtype, with one channel.
 * @throws ShapeError for a wrong rank, one channel, or an empty batch; OptionError for illegal options.
 *
 * @example
 * const { mean, std } = positionalMoments(random(1).normal([2, 8, 4, 4])); // [2, 1, 4, 4] each
 *
 * @see Li, Wu, Weinberger and Belongie, Positional Normalization, NeurIPS 2019, arXiv 1907.04312.
 */
export function positionalMoments(
  x: Tensor,
  options: PositionalMomentsOptions = {},
): PositionalMoments {
  const where = "positionalMoments";
  const { eps, unbiased, channelAxis } = checkOptions(where, options, momentsRules);
  const at = checkAxis(`${where} channelAxis`, channelAxis, x.rank);
  const numFeatures = x.shape[at]!;
  const { layout } = positionRows(where, x, { numFeatures, channelAxis });
  const rows = momentsOfPlanes(x, layout);
  const picture = (t: Tensor): Tensor => reshape(cast(t, x.dtype), pictureShape(x, at));
  return { mean: picture(rows.mean), std: picture(sqrt(add(varianceOf(rows, unbiased), eps))) };
}

/**
 * The moment shortcut (PONO-MS): an affine map whose weight and bias are an earlier layer's moments.
 *
 *     y = std·x + mean        the same mean and std for all channels of a position
 *
 * **When to use.** In the decoder of a network whose encoder has `positionalNorm`, where both have the same
 * resolution; in the authors' networks behind the convolution's norm and before its activation.
 *
 * @param x - Any rank >= 2; its channels need not be as many as the encoder's.
 * @param moments - Of x's shape with one channel, from `positionalMoments`.
 * @throws ShapeError if the moments have another shape; OptionError for illegal options.
 *
 * @example
 * const moments = positionalMoments(random(1).normal([2, 8, 4, 4]));
 * const decoded = momentShortcut(random(2).normal([2, 3, 4, 4]), moments);
 *
 * @see Li, Wu, Weinberger and Belongie, Positional Normalization, NeurIPS 2019, arXiv 1907.04312.
 */
export function momentShortcut(
  x: Tensor,
  { mean, std }: PositionalMoments,
  options: MomentShortcutOptions = {},
): Tensor {
  const where = "momentShortcut";
  const { channelAxis } = checkOptions(where, options, shortcutRules);
  const at = checkAxis(`${where} channelAxis`, channelAxis, x.rank);
  checkPicture(`${where} mean`, x, at, mean);
  checkPicture(`${where} std`, x, at, std);
  const map = { center: zerosLike(mean), scale: std, shift: mean };
  return affinePlanes(x, map, { layout: rowPlanes(x.shape, at) });
}

function pictureShape(x: Tensor, at: number): Shape {
  return x.shape.map((n, i) => (i === at ? 1 : n));
}

function checkPicture(where: string, x: Tensor, at: number, picture: Tensor): void {
  const shape = pictureShape(x, at);
  if (sameShape(picture.shape, shape)) return;
  fail(
    {
      where,
      expected: `shape ${showShape(shape)} for x of shape ${showShape(x.shape)}`,
      got: showShape(picture.shape),
      hint: "Both ends of the shortcut need the same resolution: one channel, all positions.",
    },
    ShapeError,
  );
}

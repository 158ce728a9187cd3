import {
  add,
  checkAxis,
  concat,
  fail,
  mul,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  slice,
  type Tensor,
} from "@evenkeel/autodiff";
import { axis, type Card, checkOptions, type OptionRules } from "@evenkeel/norm-core";
import type {
  MomentShortcutOptions,
  PositionalMoments,
} from "../moment-shortcut/moment-shortcut.ts";

/** What tables say of `dynamicMomentShortcut`. */
export const dynamicMomentShortcutCard: Card = {
  id: "dynamicMomentShortcut",
  name: "Dynamic moment shortcut",
  summary:
    "Predicts a weight and a bias for every number from an earlier layer's positional moments.",
  tex: String.raw`(\beta, \gamma) = f(\mu, \sigma), \quad y = \gamma\,x + \beta`,
  paper: {
    title: "Positional Normalization",
    authors: "Li, Wu, Weinberger, Belongie",
    year: 2019,
    venue: "NeurIPS",
    arxiv: "1907.04312",
    code: "Boyiliee/PONO",
  },
  keys: {},
  notes: [
    "The network that predicts is the caller's; the authors have a transposed and a plain convolution.",
  ],
};

const rules: OptionRules<MomentShortcutOptions> = { channelAxis: axis(1) };

/**
 * The dynamic moment shortcut (PONO-DMS): a small network turns an earlier layer's moments into an affine map.
 *
 *     [bias, weight] = predict([mean, std])        two pictures in, twice x's channels out
 *     y = weight·x + bias                          element by element
 *
 * **When to use.** In place of `momentShortcut` where the two layers have different channels or resolutions, or
 * where the moments need interpretation.
 *
 * **Differs from the published code.** The predicting network is given; theirs is a transposed convolution to x's
 * channels and a convolution to twice as many.
 *
 * @param x - Any rank >= 2.
 * @param moments - From `positionalMoments`, with one channel each.
 * @param predict - From both side by side, two channels, to x's shape with twice the channels: biases first.
 *   A module's `forward`, for example.
 * @throws ShapeError if moments or prediction have another shape; OptionError for illegal options.
 *
 * @example
 * const moments = positionalMoments(random(1).normal([2, 8, 4, 4]));
 * const twice = (m: Tensor) => concat([m, m, m], 1); // a network with parameters, in earnest
 * const y = dynamicMomentShortcut(random(2).normal([2, 3, 4, 4]), moments, twice);
 *
 * @see Li, Wu, Weinberger and Belongie, Positional Normalization, NeurIPS 2019, arXiv 1907.04312.
 */
export function dynamicMomentShortcut(
  x: Tensor,
  { mean, std }: PositionalMoments,
  predict: (moments: Tensor) => Tensor,
  options: MomentShortcutOptions = {},
): Tensor {
  const where = "dynamicMomentShortcut";
  const { channelAxis } = checkOptions(where, options, rules);
  const at = checkAxis(`${where} channelAxis`, channelAxis, x.rank);
  const pictures = mean.shape.map((n, i) => (i === at ? 1 : n));
  checkShape(`${where} mean`, pictures, mean);
  checkShape(`${where} std`, pictures, std);
  const predicted = predict(concat([mean, std], at));
  const channels = x.shape[at]!;
  checkShape(
    `${where} predict`,
    x.shape.map((n, i) => (i === at ? 2 * channels : n)),
    predicted,
  );
  const bias = part(predicted, at, 0, channels);
  return add(mul(part(predicted, at, channels, 2 * channels), x), bias);
}

function part(t: Tensor, at: number, from: number, to: number): Tensor {
  return slice(
    t,
    t.shape.map((_, i) => (i === at ? from : 0)),
    t.shape.map((n, i) => (i === at ? to : n)),
  );
}

function checkShape(where: string, expected: Shape, { shape }: Tensor): void {
  if (sameShape(shape, expected)) return;
  fail(
    {
      where,
      expected: `shape ${showShape(expected)}`,
      got: showShape(shape),
      hint: "Moments have one channel; a bias and a weight are predicted for each number of x.",
    },
    ShapeError,
  );
}

import {
  add,
  defineOp,
  fail,
  type Op,
  reshape,
  type Shape,
  ShapeError,
  showShape,
  type Tensor,
} from "@evenkeel/autodiff";
import { checkOptions, count, type OptionRules } from "@evenkeel/norm-core";
import { maybeTensor, pair } from "../rules.ts";
import {
  type Convolution,
  convolve,
  convolveFilter,
  convolveInput,
  sizesOf,
} from "./conv2d-kernels.ts";
import { outputSize, type Pair, toPair } from "./window.ts";

// Three bilinear ops, each the derivative of the others: with y = conv(x, w),
//   ⟨g, conv(x, w)⟩ = ⟨input(g, w), x⟩ = ⟨filter(x, g), w⟩,
// so the rule of each is written with the other two and every order of derivative follows.

const convolution: Op<Convolution> = defineOp<Convolution>({
  name: "conv2d",
  shape: ([x, w], params) => outputShape(x!, w!, params),
  kernel: (y, [x, w], params) =>
    convolve(y.data, x!.data, w!.data, sizesOf(x!.shape, w!.shape, y.shape, params)),
  vjp: (g, _y, [x, w], params, needs) => [
    needs[0] ? inputGradient([g, w!], { ...params, image: x!.shape.slice(2) }) : null,
    needs[1] ? filterGradient([x!, g], { ...params, kernel: w!.shape.slice(2) }) : null,
  ],
});

const inputGradient: Op<Convolution & { readonly image: Shape }> = defineOp<
  Convolution & { readonly image: Shape }
>({
  name: "conv2dInputGradient",
  shape: ([g, w], { image, groups }) => [g![0]!, w![1]! * groups, ...image],
  kernel: (dx, [g, w], params) =>
    convolveInput(dx.data, g!.data, w!.data, sizesOf(dx.shape, w!.shape, g!.shape, params)),
  vjp: (u, _dx, [g, w], params, needs) => [
    needs[0] ? convolution([u, w!], params) : null,
    needs[1] ? filterGradient([u, g!], { ...params, kernel: w!.shape.slice(2) }) : null,
  ],
});

const filterGradient: Op<Convolution & { readonly kernel: Shape }> = defineOp<
  Convolution & { readonly kernel: Shape }
>({
  name: "conv2dFilterGradient",
  shape: ([x, g], { kernel, groups }) => [g![1]!, x![1]! / groups, ...kernel],
  kernel: (dw, [x, g], params) =>
    convolveFilter(dw.data, x!.data, g!.data, sizesOf(x!.shape, dw.shape, g!.shape, params)),
  vjp: (u, _dw, [x, g], params, needs) => [
    needs[0] ? inputGradient([g!, u], { ...params, image: x!.shape.slice(2) }) : null,
    needs[1] ? convolution([x!, u], params) : null,
  ],
});

function outputShape(x: Shape, w: Shape, params: Convolution): Shape {
  const { groups } = params;
  const size = w.length === 4 && outputSize("conv2d", x, [w[2]!, w[3]!], params);
  if (size && x[1] === w[1]! * groups && w[0]! % groups === 0) return [x[0]!, w[0]!, ...size];
  return fail(
    {
      where: "conv2d",
      expected: `weight of shape [filters, channels / ${groups}, kernel height, kernel width]`,
      got: `${showShape(w)} for x of shape ${showShape(x)}`,
      hint: "Filters and channels are both multiples of groups.",
    },
    ShapeError,
  );
}

/** How filters slide over images. */
export interface SlideOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Zeros around the image. Default 0. */
  readonly padding?: Pair;
  /** Distance between the taps of a filter. Default 1. */
  readonly dilation?: Pair;
  /** Channels and filters are split into this many independent convolutions. Default 1. */
  readonly groups?: number;
}
export const slideRules: OptionRules<SlideOptions> = {
  stride: pair(1, 1),
  padding: pair(0, 0),
  dilation: pair(1, 1),
  groups: count(1),
};

export interface Conv2dFunctionOptions extends SlideOptions {
  /** [filters], added at every position. Default: none. */
  readonly bias?: Tensor | undefined;
}
const rules: OptionRules<Conv2dFunctionOptions> = { bias: maybeTensor, ...slideRules };

/**
 * Convolution of images (cross-correlation, as everywhere in deep learning).
 *
 *     y[n, o, p] = bias[o] + Σ over c, k of weight[o, c, k] · x[n, c, stride·p − padding + dilation·k]
 *
 * @param x - [samples, channels, height, width].
 * @param weight - [filters, channels / groups, kernel height, kernel width].
 * @returns [samples, filters, output height, output width]. Differentiable to any order.
 * @throws ShapeError if the shapes do not fit or no filter fits in the image; OptionError for illegal
 *   options.
 *
 * @example
 * conv2d(ones([1, 3, 8, 8]), ones([4, 3, 3, 3]), { stride: 2, padding: 1 }).shape; // [1, 4, 4, 4]
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dFunctionOptions = {}): Tensor {
  const { bias, stride, padding, dilation, groups } = checkOptions("conv2d", options, rules);
  const y = convolution([x, weight], {
    stride: toPair(stride),
    padding: toPair(padding),
    dilation: toPair(dilation),
    groups,
  });
  if (!bias) return y;
  const shape = [weight.shape[0]!, 1, 1];
  if (bias.size === shape[0]) return add(y, reshape(bias, shape));
  return fail(
    { where: "conv2d", expected: `bias of shape [${shape[0]}]`, got: showShape(bias.shape) },
    ShapeError,
  );
}

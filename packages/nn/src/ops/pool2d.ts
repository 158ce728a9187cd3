import {
  defineOp,
  div,
  fail,
  mean,
  mul,
  type Op,
  OptionError,
  ones,
  type Shape,
  ShapeError,
  showShape,
  sizeOf,
  type Tensor,
} from "@evenkeel/autodiff";
import { checkOptions, flag, type OptionRules } from "@evenkeel/norm-core";
import { pair } from "../rules.ts";
import { outputSize, type Pair, type Two, toPair, type Window } from "./window.ts";

interface Pooling extends Window {
  readonly kernel: Two;
}
interface Unpooling extends Pooling {
  readonly image: Shape;
}

/** Calls `visit(output, input)` with the offsets of every window and of every element under it. */
function eachTap(
  image: Shape,
  y: Shape,
  { kernel, stride, padding, dilation }: Pooling,
  visit: (output: number, input: number) => void,
): void {
  const [h, w] = image as [number, number];
  const [rows, columns] = y.slice(2) as [number, number];
  let o = 0;
  for (let plane = 0; plane < y[0]! * y[1]!; plane++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, o++) {
        for (let i = 0; i < kernel[0]; i++) {
          const iy = r * stride[0] - padding[0] + i * dilation[0];
          if (iy < 0 || iy >= h) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const ix = c * stride[1] - padding[1] + j * dilation[1];
            if (ix >= 0 && ix < w) visit(o, (plane * h + iy) * w + ix);
          }
        }
      }
    }
  }
}

function pooled(where: string, x: Shape, params: Pooling): Shape {
  return [...x.slice(0, 2), ...outputSize(where, x, params.kernel, params)];
}

// Sums over windows and the sharing out of a value over its window: linear, each the other's gradient.

const sumWindows: Op<Pooling> = defineOp<Pooling>({
  name: "avgPool2d",
  shape: ([x], params) => pooled("avgPool2d", x!, params),
  kernel(out, [x], params) {
    const [to, from] = [out.data.fill(0), x!.data];
    eachTap(x!.shape.slice(2), out.shape, params, (o, i) => {
      to[o]! += from[i]!;
    });
  },
  vjp: (g, _y, [x], params) => [spreadWindows([g], { ...params, image: x!.shape.slice(2) })],
});

const spreadWindows: Op<Unpooling> = defineOp<Unpooling>({
  name: "avgPool2dGradient",
  shape: ([g], { image }) => [...g!.slice(0, 2), ...image],
  kernel(out, [g], params) {
    const [to, from] = [out.data.fill(0), g!.data];
    eachTap(params.image, g!.shape, params, (o, i) => {
      to[i]! += from[o]!;
    });
  },
  vjp: (u, _y, _g, params) => [sumWindows([u], params)],
});

// The largest of a window: where it lies is found once; picking elements there and putting them back
// are linear, each the other's gradient. Places count from 0 in each plane: float32 holds 2²⁴ of them.
// Both are told the windows, too: where nothing can be added to memory from several sides, the element
// looks through the windows over it.

function checkPlane(image: Shape, { padding, dilation }: Pooling): void {
  // Otherwise a window's taps could all fall on padding, on both sides of the image.
  const met = image.every((n, i) => padding[i] === 0 || dilation[i]! <= n);
  if (met && sizeOf(image) <= 2 ** 24) return;
  const expected = met
    ? "planes of at most 2^24 elements"
    : "a padded image no smaller than dilation";
  fail({ where: "maxPool2d", expected, got: showShape(image) }, ShapeError);
}

const placesOfMax: Op<Pooling> = defineOp<Pooling>({
  name: "maxPool2d",
  shape: ([x], params) => {
    const shape = pooled("maxPool2d", x!, params);
    checkPlane(x!.slice(2), params);
    return shape;
  },
  kernel(out, [x], params) {
    const [h, w] = x!.shape.slice(2) as [number, number];
    const [to, from] = [out.data.fill(-1), x!.data];
    eachTap([h, w], out.shape, params, (o, i) => {
      const place = i % (h * w);
      const best = to[o]!;
      const value = from[i]!;
      const held = from[i - place + best]!;
      if (best < 0 || value > held || (value !== value && held === held)) to[o] = place;
    });
  },
  vjp: () => [null],
});

/** Calls `visit(o, i)` with the offset of each place and of the element that it names. */
function eachPlace(places: Tensor, image: Shape, visit: (o: number, i: number) => void): void {
  const plane = image[0]! * image[1]!;
  const count = places.shape[2]! * places.shape[3]!;
  const at = places.data;
  for (let o = 0; o < at.length; o++) visit(o, Math.floor(o / count) * plane + at[o]!);
}

const pick: Op<Pooling> = defineOp<Pooling>({
  name: "pickPlaces",
  shape: ([, places]) => places!,
  kernel(out, [x, places]) {
    const [to, from] = [out.data, x!.data];
    eachPlace(places!, x!.shape.slice(2), (o, i) => {
      to[o] = from[i]!;
    });
  },
  vjp: (g, _y, [x, places], params) => [
    putBack([g, places!], { ...params, image: x!.shape.slice(2) }),
    null,
  ],
});

const putBack: Op<Unpooling> = defineOp<Unpooling>({
  name: "putBackPlaces",
  shape: ([g], { image }) => [...g!.slice(0, 2), ...image],
  kernel(out, [g, places], { image }) {
    const [to, from] = [out.data.fill(0), g!.data];
    eachPlace(places!, image, (o, i) => {
      to[i]! += from[o]!;
    });
  },
  vjp: (u, _y, [, places], params) => [pick([u, places!], params), null],
});

export interface MaxPool2dOptions {
  readonly kernelSize: Pair;
  /** Default: the kernel's size. */
  readonly stride?: Pair | undefined;
  /** At most half the kernel; never chosen as the largest. Default 0. */
  readonly padding?: Pair;
  /** Default 1. */
  readonly dilation?: Pair;
}

export const maxPoolRules: OptionRules<MaxPool2dOptions> = {
  kernelSize: pair(1),
  stride: { ...pair(1), legal: (v) => v === undefined || pair(1).legal(v) },
  padding: pair(0, 0),
  dilation: pair(1, 1),
};

function pooling(where: string, o: Required<MaxPool2dOptions>): Pooling {
  const kernel = toPair(o.kernelSize);
  const padding = toPair(o.padding);
  if (padding.some((p, i) => 2 * p > kernel[i]!)) {
    fail(
      { where, expected: "padding of at most half the kernel", got: showShape(padding) },
      OptionError,
    );
  }
  return {
    kernel,
    stride: toPair(o.stride ?? o.kernelSize),
    padding,
    dilation: toPair(o.dilation),
  };
}

/**
 * The largest element of each window; NaN if there is one. The gradient goes to the first of equal
 * ones, as in PyTorch.
 *
 * @param x - [samples, channels, height, width].
 * @throws ShapeError if x has another rank or holds no window; OptionError for illegal options.
 *
 * @example
 * maxPool2d(ones([1, 3, 8, 8]), { kernelSize: 2 }).shape; // [1, 3, 4, 4]
 */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  const params = pooling("maxPool2d", checkOptions("maxPool2d", options, maxPoolRules));
  return pick([x, placesOfMax([x], params)], params);
}

export interface AvgPool2dOptions {
  readonly kernelSize: Pair;
  /** Default: the kernel's size. */
  readonly stride?: Pair | undefined;
  /** At most half the kernel. Default 0. */
  readonly padding?: Pair;
  /** Padding counts as zeros in the mean; with false it does not count. Default true. */
  readonly countIncludePad?: boolean;
}

export const avgPoolRules: OptionRules<AvgPool2dOptions> = {
  kernelSize: maxPoolRules.kernelSize,
  stride: maxPoolRules.stride,
  padding: maxPoolRules.padding,
  countIncludePad: flag(true),
};

/**
 * The mean of each window.
 *
 * @param x - [samples, channels, height, width].
 * @throws ShapeError if x has another rank or holds no window; OptionError for illegal options.
 *
 * @example
 * avgPool2d(ones([1, 3, 8, 8]), { kernelSize: 2 }).shape; // [1, 3, 4, 4]
 */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  const checked = checkOptions("avgPool2d", options, avgPoolRules);
  const params = pooling("avgPool2d", { ...checked, dilation: 1 });
  const total = sumWindows([x], params);
  if (checked.countIncludePad) return mul(total, 1 / (params.kernel[0] * params.kernel[1]));
  return div(total, sumWindows([ones([1, 1, ...x.shape.slice(2)], x)], params));
}

/** The mean of each plane: [samples, channels, height, width] to [samples, channels]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  if (x.rank === 4) return mean(x, { axes: [2, 3] });
  return fail(
    {
      where: "globalAvgPool2d",
      expected: "x of shape [samples, channels, height, width]",
      got: showShape(x.shape),
    },
    ShapeError,
  );
}

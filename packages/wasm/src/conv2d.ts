import type { Tensor } from "@evenkeel/autodiff";
import { direct, directFilterGradient, directInputGradient } from "./conv2d-direct.ts";
import { isNarrow, narrow, narrowFilterGradient } from "./conv2d-narrow.ts";
import {
  type Convolution,
  type Filters,
  type Sizes,
  sizesOf,
  type Tools,
  turnedSizes,
} from "./convolution.ts";
import { at, float32, type Kernel, type Scratch, type Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { suitsWinograd, winograd, winogradGradient } from "./winograd.ts";

const PLAN_BYTES = 64;

/**
 * A convolution and its two gradients, for every stride, padding, dilation and number of groups. There are
 * three ways: Winograd's for filters of 3 × 3, row by row for groups of a few channels, the direct sum as a
 * product of matrices for all others. The sizes choose, but for numbers that are not finite or close to
 * overflow: those always take a direct way, in which they reach only the positions that see them.
 */
export function convolutionKernels(
  wasm: Exports,
  scratch: Scratch,
  threads: Threads,
  plans: Scratch,
): [string, Kernel][] {
  type Run = (tools: Tools, out: number, a: number, b: number, sizes: Sizes) => boolean;
  /** A kernel of a call whose roles, x, w and y, say the sizes. */
  const kernel =
    (run: Run, roles: (out: Tensor, a: Tensor, b: Tensor) => [Tensor, Tensor, Tensor]): Kernel =>
    (out, [a, b], params) => {
      if (!float32(out, a!, b!)) return false;
      const plan = plans(PLAN_BYTES);
      if (plan === undefined) return false;
      const sizes = sizesOf(...roles(out, a!, b!), params as Convolution);
      return run({ wasm, scratch, threads, plan }, at(out), at(a!), at(b!), sizes);
    };
  return [
    ["conv2d", kernel(forward, (y, x, w) => [x, w, y])],
    ["conv2dInputGradient", kernel(inputGradient, (dx, g, w) => [dx, w, g])],
    ["conv2dFilterGradient", kernel(filterGradient, (dw, x, g) => [x, dw, g])],
  ];
}

function forward(tools: Tools, y: number, x: number, w: number, sizes: Sizes): boolean {
  return convolve(tools, y, x, { at: w, turned: false }, sizes);
}

function convolve(tools: Tools, y: number, x: number, w: Filters, sizes: Sizes): boolean {
  if (isNarrow(sizes)) return narrow(tools, y, x, w, sizes);
  if (suitsWinograd(sizes) && winograd(tools, y, x, w, sizes)) return true;
  return direct(tools, y, x, w, sizes);
}

function inputGradient(tools: Tools, dx: number, g: number, w: number, sizes: Sizes): boolean {
  const turned = turnedSizes(sizes);
  const filters = { at: w, turned: true };
  if (isNarrow(sizes)) return narrow(tools, dx, g, filters, turned, sizes.stride);
  const isConvolution = sizes.stride.every((n) => n === 1) && turned.padding.every((n) => n >= 0);
  if (isConvolution) return convolve(tools, dx, g, filters, turned);
  return directInputGradient(tools, dx, g, w, sizes);
}

function filterGradient(tools: Tools, dw: number, x: number, g: number, sizes: Sizes): boolean {
  if (isNarrow(sizes)) return narrowFilterGradient(tools, dw, x, g, sizes);
  if (suitsWinograd(sizes) && winogradGradient(tools, dw, x, g, sizes)) return true;
  return directFilterGradient(tools, dw, x, g, sizes);
}

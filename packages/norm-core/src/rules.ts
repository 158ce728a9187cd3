import {
  add,
  type DType,
  greater,
  mul,
  ones,
  rsqrt,
  sqrt,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from "@evenkeel/autodiff";
import type { Tensors } from "./norm.ts";
import type { PlaneMap } from "./plane-rule.ts";

/**
 * The map of almost every norm: (x − mean) / √(variance + eps) · weight + bias, with a weight and a bias
 * that default to 1 and 0.
 */
export function standardMap(
  mean: Tensor,
  variance: Tensor,
  eps: number,
  {
    weight,
    bias,
  }: { readonly weight?: Tensor | undefined; readonly bias?: Tensor | undefined } = {},
): PlaneMap {
  const inverse = rsqrt(add(variance, eps));
  return {
    center: mean,
    scale: weight ? mul(inverse, weight) : inverse,
    shift: bias ?? zerosLike(mean),
  };
}

/** `weight` of ones and `bias` of zeros, or nothing without `affine`. */
export function initAffine(
  shape: readonly number[],
  dtype: DType,
  { affine = true, bias = true }: { readonly affine?: boolean; readonly bias?: boolean } = {},
): Tensors {
  if (!affine) return {};
  const weight = ones(shape, { dtype });
  return bias ? { weight, bias: zeros(shape, { dtype }) } : { weight };
}

/** The weight and bias among the parameters: what a rule's gradient has to reach. */
export function affineOf({ weight, bias }: Tensors): Tensors {
  return { ...(weight && { weight }), ...(bias && { bias }) };
}

/** √x with derivative 0 at 0, for norms that put eps outside the root. */
export function safeSqrt(x: Tensor): Tensor {
  const positive = greater(x, 0);
  return where(positive, sqrt(where(positive, x, 1)), 0);
}

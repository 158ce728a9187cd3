import type { TypedArray } from "@evenkeel/autodiff";
import { type Layout, planeSize } from "./layout.ts";

// The rule weight·(x − mean) / √(var + eps) + bias and its derivative, over arrays of one number per plane.

/** Which planes have statistics in common: blocks of so many samples and neighbouring channels. */
export type Block = readonly [samples: number, channels: number];

/** The statistics of every block, and the block of each plane. */
export interface Joined {
  readonly of: Int32Array;
  readonly count: number;
  readonly mean: Float64Array;
  readonly m2: Float64Array;
  /** 1 / √(var + eps). */
  readonly inverse: Float64Array;
}

/** Joins moments of planes, [2, samples, channels], to those of their blocks. */
export function joinPlanes(
  moments: TypedArray,
  layout: Layout,
  [n, c]: Block,
  eps: number,
): Joined {
  const { samples, channels } = layout;
  const planes = samples * channels;
  const of = new Int32Array(planes);
  for (let row = 0, p = 0; row < samples; row++) {
    const first = (Math.floor(row / n) * channels) / c;
    for (let k = 0; k < channels; k++, p++) of[p] = c === 1 ? first + k : first + Math.floor(k / c);
  }
  const blocks = planes / (n * c);
  const [mean, m2] = [new Float64Array(blocks), new Float64Array(blocks)];
  const size = planeSize(layout);
  for (let p = 0; p < planes; p++) mean[of[p]!]! += moments[p]! / (n * c);
  for (let p = 0; p < planes; p++) {
    const delta = moments[p]! - mean[of[p]!]!;
    m2[of[p]!]! += moments[planes + p]! + size * delta * delta;
  }
  const count = size * n * c;
  return { of, count, mean, m2, inverse: m2.map((v) => 1 / Math.sqrt(v / count + eps)) };
}

/** Weight and bias: one number per channel or per plane. */
export interface AffineArrays {
  readonly weight: TypedArray | undefined;
  readonly bias: TypedArray | undefined;
}

/** The center, scale and shift of every plane. */
export function mapOfPlanes(
  { of, mean, inverse }: Joined,
  { weight, bias }: AffineArrays,
): readonly [Float64Array, Float64Array, Float64Array] {
  const room = (): Float64Array => new Float64Array(of.length);
  const [center, scale, shift] = [room(), room(), room()];
  for (let p = 0, w = 0, b = 0; p < of.length; p++, w++, b++) {
    // Numbers of channels begin anew with every sample; a remainder would cost more than all the rest.
    if (w === weight?.length) w = 0;
    if (b === bias?.length) b = 0;
    center[p] = mean[of[p]!]!;
    scale[p] = inverse[of[p]!]! * (weight ? weight[w]! : 1);
    if (bias) shift[p] = bias[b]!;
  }
  return [center, scale, shift];
}

/**
 * What follows from S1 = Σ g and S2 = Σ g·(x − mean) of each plane: the factors of planeCombine, with sums over
 * the planes of a block, and the gradients of weight and bias.
 *
 *     b = −r³·Σ weight·S2 / count     c = −r·Σ weight·S1 / count     dweight = r·S2     dbias = S1
 */
export function gradientOfPlanes(
  sums: TypedArray,
  { of, count, inverse }: Joined,
  { weight, bias }: AffineArrays,
): readonly Float64Array[] {
  const room = (n = of.length): Float64Array => new Float64Array(n);
  const [b, c, dw, db] = [room(), room(), room(weight?.length), room(bias?.length)];
  const [first, second] = [room(inverse.length), room(inverse.length)];
  for (let p = 0, w = 0, k = 0; p < of.length; p++, w++, k++) {
    if (w === dw.length) w = 0;
    if (k === db.length) k = 0;
    const i = of[p]!;
    const s1 = sums[p]!;
    const s2 = sums[of.length + p]!;
    const own = weight ? weight[w]! : 1;
    first[i]! += own * s1;
    second[i]! += own * s2;
    dw[w]! += s2 * inverse[i]!;
    db[k]! += s1;
  }
  for (let p = 0; p < of.length; p++) {
    const r = inverse[of[p]!]!;
    b[p] = (-r * r * r * second[of[p]!]!) / count;
    c[p] = (-r * first[of[p]!]!) / count;
  }
  return [b, c, dw, db];
}

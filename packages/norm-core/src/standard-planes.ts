import {
  add,
  cast,
  currentBackend,
  type DType,
  mul,
  relu,
  reshape,
  type Tensor,
  tensor,
} from "@evenkeel/autodiff";
import { type Layout, planeSize } from "./layout.ts";
import { type Moments, merge, mergeGroups, variance } from "./moments.ts";
import type { Tensors } from "./norm.ts";
import { type PlaneOptions, planesBy, statisticsDType } from "./normalize.ts";
import type { PlaneRule, PreparedRule, Ruled } from "./plane-rule.ts";
import { affineOf, standardMap } from "./rules.ts";
import {
  type AffineArrays,
  type Block,
  gradientOfPlanes,
  type Joined,
  joinPlanes,
  mapOfPlanes,
} from "./standard-loops.ts";

/** How planes are read, which of them have statistics in common, and what surrounds the map. */
export interface StandardOptions extends PlaneOptions {
  /** Added to the variance, inside the root. */
  readonly eps: number;
  /** Whether the planes of all samples have statistics in common. Default false. */
  readonly acrossSamples?: boolean;
  /** Groups of neighbouring channels that have statistics in common. Default: one per channel. */
  readonly numGroups?: number;
}

/** A weight and a bias of one number per channel or per plane. */
interface Affine {
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

export interface Standardized {
  readonly output: Tensor;
  /** The moments by which it was normalized, as constants: of each plane, or of all samples together. */
  moments(): Moments;
}

/**
 * `normalizePlanes` by the rule of almost every norm:
 *
 *     y = weight·(x − mean) / √(var + eps) + bias
 *
 * Its derivative is known, so where memory can be looked at, the numbers of all planes are computed in one
 * loop instead of op by op. Elsewhere, and for derivatives of higher orders, it is `normalizePlanes`.
 *
 * @param affine - `weight` and `bias`, as far as there are any, broadcasting to [samples, channels].
 * @returns The output, and moments that are made on demand; those of groups have no shape to rely on.
 *
 * @example
 * // instance norm without an affine
 * const x = random(1).normal([2, 3, 4, 4]);
 * const { output } = standardPlanes(x, {}, { eps: 1e-5, layout: samplePlanes(x.shape, 1) });
 */
export function standardPlanes(x: Tensor, affine: Affine, options: StandardOptions): Standardized {
  const { layout, eps, acrossSamples = false, numGroups } = options;
  if (planeSize(layout) === 1 && !options.weight && acrossSamples !== (numGroups !== undefined)) {
    return ofSingles(x, affine, options);
  }
  const fits = currentBackend().inProcess && isPlain(affine, layout);
  const dtype = statisticsDType(x);
  let found: Joined | undefined;
  const closed: PreparedRule = (packed, given) => {
    const joined = joinPlanes(packed.data, layout, blockOf(options), eps);
    found = joined;
    return closedRule(joined, affine, given, packed);
  };
  const rule = (planes: Moments, given: Tensors): PlaneRule<Moments> => {
    const joined = acrossSamples ? merge(planes, { axes: 0 }) : planes;
    const all = numGroups ? mergeGroups(joined, numGroups) : joined;
    return { ...standardMap(all.mean, variance(all), eps, given), aux: all };
  };
  const inputs = affineOf(affine as Tensors);
  const { output, aux } = planesBy(x, inputs, rule, options, fits ? closed : undefined);
  return { output, moments: () => (found ? momentsOf(found, options, dtype) : aux) };
}

/** @param given - What there is of weight and bias. */
function closedRule(
  joined: Joined,
  affine: Affine,
  given: readonly Tensor[],
  { shape, dtype }: Tensor,
): Ruled {
  const weight = affine.weight && given[0];
  const bias = affine.bias && given.at(-1);
  const data = (): AffineArrays => ({ weight: weight?.data, bias: bias?.data });
  const perPlane = (numbers: Float64Array): Tensor =>
    tensor(numbers, { shape: shape.slice(1), dtype });
  const [center, scale, shift] = mapOfPlanes(joined, data()).map(perPlane) as Three;
  return {
    map: { center, scale, shift },
    mean: center,
    gradient(sums) {
      const [b, c, dw, db] = gradientOfPlanes(sums.data, joined, data()) as Four;
      const ofAffine = [weight && tensor(dw, weight), bias && tensor(db, bias)];
      return [perPlane(b), perPlane(c), ...ofAffine.filter((t) => t !== undefined)];
    },
  };
}

type Three = [Tensor, Tensor, Tensor];
type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** Whether weight and bias lie as the loops read them. */
function isPlain({ weight, bias }: Affine, { samples, channels }: Layout): boolean {
  const fits = ({ shape, size }: Tensor): boolean =>
    shape.at(-1) === channels && (size === channels || size === samples * channels);
  return (!weight || fits(weight)) && (!bias || fits(bias));
}

function blockOf({ layout, acrossSamples, numGroups }: StandardOptions): Block {
  const { samples, channels } = layout;
  return [acrossSamples ? samples : 1, numGroups ? channels / numGroups : 1];
}

function momentsOf({ count, mean, m2 }: Joined, options: StandardOptions, dtype: DType): Moments {
  const { samples, channels } = options.layout;
  const [n, c] = blockOf(options);
  const at = { shape: [samples / n, channels / c], dtype };
  return { count, mean: tensor(mean, at), m2: tensor(m2, at) };
}

/** Planes of one value: what has statistics in common is read as planes, and weight and bias come behind. */
function ofSingles(
  x: Tensor,
  { weight, bias }: Affine,
  { layout, eps, activation, numGroups }: StandardOptions,
): Standardized {
  const { samples, channels } = layout;
  const joined = numGroups
    ? { samples: samples * numGroups, outer: 1, channels: 1, inner: channels / numGroups }
    : { samples: 1, outer: samples, channels, inner: 1 };
  const { output, moments } = standardPlanes(x, {}, { eps, layout: joined });
  let y = reshape(output, [samples, channels]);
  if (weight) y = mul(y, cast(weight, y.dtype));
  if (bias) y = add(y, cast(bias, y.dtype));
  if (activation) y = relu(y);
  return { output: reshape(y, x.shape), moments };
}

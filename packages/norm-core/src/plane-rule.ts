import {
  broadcastTo,
  cast,
  type DType,
  mul,
  neg,
  reshape,
  sameShape,
  sizeOf,
  type Tensor,
  vjp,
} from "@evenkeel/autodiff";
import { type Layout, planeSize, planesShape } from "./layout.ts";
import { half } from "./planes.ts";

/** The affine map of each plane, `(x − center)·scale + shift`; each part broadcasts to [samples, channels]. */
export type PlaneMap = {
  readonly center: Tensor;
  readonly scale: Tensor;
  readonly shift: Tensor;
};

/** What a rule returns: the map, and whatever else the caller wants out (no gradient reaches that). */
export interface PlaneRule<X = unknown> extends PlaneMap {
  readonly aux?: X;
}

/** What a rule makes of moments. */
export interface Ruled {
  readonly map: PlaneMap;
  /** The mean of each plane, or what else `b` is about. */
  readonly mean: Tensor;
  /** From planeSums the factors b and c of planeCombine, and the gradients of the rule's inputs. */
  readonly gradient?: (sums: Tensor) => readonly (Tensor | null)[];
}

/** A rule on moments as planeMoments packs them, and its inputs in order. */
export type PreparedRule = (moments: Tensor, inputs: readonly Tensor[]) => Ruled;

type Traced = (...momentsAndInputs: Tensor[]) => PlaneMap;

export function untracedRule(rule: Traced): PreparedRule {
  return (moments, inputs) => {
    const [mean, m2] = halves(moments);
    return { map: rule(mean, m2, ...inputs), mean };
  };
}

/**
 * With S1 = Σ g·weight and S2 = Σ g·weight·(x − center) per plane:
 *
 *     d center = −scale·S1     d scale = S2     d shift = S1
 *     b = 2 dM2     c = dmean/S                        dmean, dM2 from the rule's pullback
 */
export function tracedRule(rule: Traced, layout: Layout): PreparedRule {
  return (moments, inputs) => {
    const [mean, m2] = halves(moments);
    const { value: map, pullback } = vjp(rule, mean, m2, ...inputs);
    return {
      map,
      mean,
      gradient(sums) {
        const [s1, s2] = halves(sums);
        const by = { center: neg(mul(map.scale, s1)), scale: s2, shift: s1 };
        const [dMean, dM2, ...others] = pullback(by);
        return [mul(2, dM2!), mul(1 / planeSize(layout), dMean!), ...others];
      },
    };
  };
}

export function spreadMap(
  { center, scale, shift }: PlaneMap,
  layout: Layout,
  dtype: DType,
): PlaneMap {
  const to = (t: Tensor): Tensor => {
    const shape = planesShape(layout);
    const same = cast(t, dtype);
    if (sameShape(t.shape, shape)) return same;
    return t.size === sizeOf(shape) ? reshape(same, shape) : broadcastTo(same, shape);
  };
  return { center: to(center), scale: to(scale), shift: to(shift) };
}

/** The two results packed along axis 0. */
export function halves(pair: Tensor): [Tensor, Tensor] {
  return [half(pair, 0), half(pair, 1)];
}

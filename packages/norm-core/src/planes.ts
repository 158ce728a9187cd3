import {
  type DType,
  defineOp,
  greater,
  mul,
  neg,
  type Op,
  reshape,
  slice,
  type Tensor,
  where,
  zerosLike,
} from "@evenkeel/autodiff";
import { type Layout, planeSize, planesShape } from "./layout.ts";
import { affineLoop, alongLoop, combineLoop, type MapArrays, sumsLoop } from "./plane-loops.ts";

// The kernels of every norm: linear algebra over planes, closed under differentiation (the gradient of
// each is made of the others), so that derivatives of any order stay inside them.
// Big: x, g. One number per plane, [samples, channels]: pivot, scale, shift, a, b, c.
// One number per place in a plane, [outer · inner]: weight, bias (the affine of layer norm).

/** One of two results packed along axis 0: `[2, …]` to `[…]`. */
export function half(pair: Tensor, which: 0 | 1): Tensor {
  return reshape(slice(pair, [which], [which + 1]), pair.shape.slice(1));
}

/** @internal A layout, and the dtype of sums over it: worth more digits than what is summed. */
export interface Statistic extends Layout {
  readonly dtype: DType;
}

/** @internal The arrays of a map's tensors. */
export function arraysOf(map: { readonly [K in keyof MapArrays]?: Tensor | undefined }): MapArrays {
  const { pivot, scale, shift, weight, bias } = map;
  return {
    pivot: pivot!.data,
    scale: scale!.data,
    shift: shift!.data,
    weight: weight?.data,
    bias: bias?.data,
  };
}

/** @internal A layout, and whether what is below 0 becomes 0. */
export interface Activated extends Layout {
  readonly relu?: boolean;
}

const affineOp: Op<Activated> = defineOp<Activated>({
  name: "planeAffine",
  shape: ([x]) => x!,
  dtype: ([x]) => x!,
  kernel(out, [x, pivot, scale, shift, weight, bias], layout) {
    const to = out.data;
    affineLoop(to, x!.data, arraysOf({ pivot, scale, shift, weight, bias }), layout);
    if (layout.relu) for (let i = 0; i < to.length; i++) if (to[i]! < 0) to[i] = 0;
  },
  vjp(dy, y, [x, pivot, scale, shift, weight, bias], { relu, ...layout }, needs) {
    const g = relu ? where(greater(y, 0), dy, 0) : dy;
    const inPlane = needs[1] || needs[2] || needs[3];
    const sums = inPlane ? planeSums(g, x!, pivot!, layout, weight) : null;
    const along = needs[4] || needs[5] ? alongSums(g, x!, pivot!, scale!, shift!, layout) : null;
    const gradients = [
      needs[0] ? planeScale(g, scale!, layout, weight) : null,
      sums && neg(mul(scale!, half(sums, 0))),
      sums && half(sums, 1),
      sums && half(sums, 0),
    ];
    if (weight) gradients.push(along && half(along, 0));
    if (bias) gradients.push(along && half(along, 1));
    return gradients;
  },
});

/** ((x − pivot)·scale + shift)·weight + bias; weight and bias default to 1 and 0. With `relu`, its positive part. */
export function planeAffine(
  x: Tensor,
  pivot: Tensor,
  scale: Tensor,
  shift: Tensor,
  layout: Activated,
  weight?: Tensor,
  bias?: Tensor,
): Tensor {
  const along = weight ? (bias ? [weight, bias] : [weight]) : [];
  return affineOp([x, pivot, scale, shift, ...along], layout);
}

/** g·a·weight. */
function planeScale(g: Tensor, a: Tensor, layout: Layout, weight?: Tensor): Tensor {
  const zero = zerosLike(a);
  return planeAffine(g, zero, a, zero, layout, weight);
}

const sumsOp: Op<Statistic> = defineOp<Statistic>({
  name: "planeSums",
  shape: (_, layout) => [2, ...planesShape(layout)],
  dtype: (_, { dtype }) => dtype,
  kernel(out, [g, x, pivot, weight], layout) {
    sumsLoop(out.data, g!.data, x!.data, pivot!.data, weight?.data, layout);
  },
  vjp(h, out, [g, x, pivot, weight], layout, needs) {
    const [h0, h1] = [half(h, 0), half(h, 1)];
    const gradients = [
      needs[0] ? planeAffine(x!, pivot!, h1, h0, layout, weight) : null,
      needs[1] ? planeScale(g!, h1, layout, weight) : null,
      neg(mul(h1, half(out, 0))),
    ];
    if (weight) gradients.push(half(alongSums(g!, x!, pivot!, h1, h0, layout), 0));
    return gradients;
  },
});

/** Σ g·weight and Σ g·weight·(x − pivot) over every plane, packed as [2, samples, channels]. */
export function planeSums(
  g: Tensor,
  x: Tensor,
  pivot: Tensor,
  layout: Layout,
  weight?: Tensor,
): Tensor {
  const inputs = weight ? [g, x, pivot, weight] : [g, x, pivot];
  return sumsOp(inputs, { ...layout, dtype: pivot.dtype });
}

const combineOp: Op<Layout> = defineOp<Layout>({
  name: "planeCombine",
  shape: ([g]) => g!,
  dtype: ([g]) => g!,
  kernel(out, [g, x, p, a, b, c, weight], layout) {
    const numbers = [p!.data, a!.data, b!.data, c!.data] as const;
    combineLoop(out.data, g!.data, x!.data, numbers, weight?.data, layout);
  },
  vjp(h, _r, [g, x, pivot, a, b, , weight], layout, needs) {
    const zero = zerosLike(pivot!);
    const sums = planeSums(h, x!, pivot!, layout);
    const gradients = [
      needs[0] ? planeScale(h, a!, layout, weight) : null,
      needs[1] ? planeScale(h, b!, layout) : null,
      neg(mul(b!, half(sums, 0))),
      needs[3] ? half(planeSums(h, g!, zero, layout, weight), 1) : null,
      half(sums, 1),
      half(sums, 0),
    ];
    if (weight) gradients.push(half(alongSums(h, g!, zero, a!, zero, layout), 0));
    return gradients;
  },
});

/** a·g·weight + b·(x − pivot) + c: the whole gradient of x in one pass. */
export function planeCombine(
  g: Tensor,
  x: Tensor,
  pivot: Tensor,
  { a, b, c }: { readonly a: Tensor; readonly b: Tensor; readonly c: Tensor },
  layout: Layout,
  weight?: Tensor,
): Tensor {
  return combineOp(weight ? [g, x, pivot, a, b, c, weight] : [g, x, pivot, a, b, c], layout);
}

const alongOp: Op<Statistic> = defineOp<Statistic>({
  name: "alongSums",
  shape: (_, layout) => [2, planeSize(layout)],
  dtype: (_, { dtype }) => dtype,
  kernel(out, [g, x, pivot, scale, shift], layout) {
    alongLoop(out.data, g!.data, x!.data, arraysOf({ pivot, scale, shift }), layout);
  },
  vjp(h, _out, [g, x, pivot, scale, shift], layout, needs) {
    const [h0, h1] = [half(h, 0), half(h, 1)];
    const sums = planeSums(g!, x!, pivot!, layout, h0);
    return [
      needs[0] ? planeAffine(x!, pivot!, scale!, shift!, layout, h0, h1) : null,
      needs[1] ? planeScale(g!, scale!, layout, h0) : null,
      neg(mul(scale!, half(sums, 0))),
      half(sums, 1),
      half(sums, 0),
    ];
  },
});

/** Σ g·((x − pivot)·scale + shift) and Σ g over the planes, place by place, as [2, outer · inner]. */
export function alongSums(
  g: Tensor,
  x: Tensor,
  pivot: Tensor,
  scale: Tensor,
  shift: Tensor,
  layout: Layout,
): Tensor {
  return alongOp([g, x, pivot, scale, shift], { ...layout, dtype: pivot.dtype });
}

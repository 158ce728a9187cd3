import {
  cast,
  customGrad,
  EvenkeelError,
  fail,
  mul,
  neg,
  recording,
  reshape,
  square,
  type Tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  half,
  type Layout,
  planeAffine,
  planeCombine,
  planeSize,
  planeSums,
  type Tensors,
} from "@evenkeel/norm-core";

/** What normalizes a batch: constants, a number per channel each, [1, channels]. */
export interface Scales {
  /** 1/√(V + eps), V the mean of x², of this batch or of the last ones. */
  readonly inverse: Tensor;
  /** The correction towards the running statistics. */
  readonly r: Tensor;
}

/** How a batch is normalized, and how its gradient is averaged. */
interface Scaling extends Scales {
  /** From psi to what takes its place in dx, in the backward; it may note psi. */
  readonly average: (psi: Tensor) => Tensor;
  readonly layout: Layout;
}

/**
 * The output by these scales, with the gradient that the method defines:
 *
 *     z = x·inverse           y = weight·r·z + bias
 *     g = dy·weight·r         psi = mean(g·z)        dx = (g − z·average(psi))·inverse
 *
 * Two passes over memory, as any norm: the sums Σ dy and Σ dy·x, and dx.
 */
export function scaled(
  where: string,
  x: Tensor,
  { weight, bias }: Tensors,
  { inverse, r, average, layout }: Scaling,
): Tensor {
  const op = customGrad(where, (x0, weight0, bias0) => {
    const row = (t: Tensor): Tensor => reshape(cast(t, inverse.dtype), inverse.shape);
    const zero = zerosLike(inverse);
    const factor = mul(mul(inverse, r), weight0 ? row(weight0) : 1);
    return {
      value: planeAffine(x0!, zero, factor, bias0 ? row(bias0) : zero, layout),
      vjp(dy, [x1, weight1]) {
        refuseSecond(where);
        const sums = planeSums(dy, x1!, zero, layout);
        const psi = mul(mul(factor, half(sums, 1)), 1 / planeSize(layout));
        const b = neg(mul(square(inverse), average(psi)));
        const dx = planeCombine(dy, x1!, zero, { a: factor, b, c: zero }, layout);
        if (!weight1) return [dx];
        const flat = (t: Tensor): Tensor => reshape(t, weight1.shape);
        return [dx, flat(mul(mul(inverse, r), half(sums, 1))), flat(half(sums, 0))];
      },
    };
  });
  return weight && bias ? op(x, weight, bias) : op(x);
}

function refuseSecond(where: string): void {
  if (!recording()) return;
  fail(
    {
      where,
      expected: "a first derivative",
      got: "a derivative of a derivative",
      hint: "The method defines its backward, and nothing beyond. Use evaluation mode or another norm.",
    },
    EvenkeelError,
  );
}

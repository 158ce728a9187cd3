import { add, defineUnary, exp, mul, neg, type Op, square, type Tensor } from "@evenkeel/autodiff";

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels. */
function erfOf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

// d erf(x) = 2/√π · e^(−x²)
const erfOp: Op<void> = defineUnary("erf", erfOf, (g, _y, x) =>
  mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))),
);

/** x · Φ(x) = x/2 · (1 + erf(x/√2)), PyTorch's default GELU (not the tanh approximation). */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erfOp([mul(x, Math.SQRT1_2)], undefined), 1));
}

import {
  add,
  grad,
  leaves,
  mul,
  scope,
  sum,
  type Tensor,
  type Tree,
  tensor,
  zeros,
} from "@evenkeel/autodiff";

/** A differentiable scalar function, and the size of the terms that it sums. */
export interface Phi {
  (at: Tree): Tensor;
  /** Σ|term|: with the machine's precision, the noise in its value. */
  magnitude(at: Tree): number;
}

/** One array of numbers per tensor of a nesting. */
export type Direction = readonly Float64Array[];

/** φ₀ = ⟨c, f⟩. */
export function contraction(f: (at: Tree) => Tree, cotangents: Direction): Phi {
  return innerProduct((at) => leaves(f(at)), cotangents);
}

/** ⟨∇φ, u⟩. */
export function along(phi: Phi, direction: Direction): Phi {
  return innerProduct((at) => leaves(grad(phi)(at)), direction);
}

function innerProduct(f: (at: Tree) => readonly Tensor[], weights: Direction): Phi {
  const terms = (at: Tree): Tensor[] =>
    f(at).map((y, i) => mul(y, tensor(weights[i]!, { shape: y.shape })));
  const count = weights.reduce((n, w) => n + w.length, 0);
  return Object.assign(
    (at: Tree) =>
      terms(at).reduce((total, t) => add(total, sum(t)), zeros([], { dtype: "float64" })),
    { magnitude: (at: Tree) => count + scope(() => terms(at).reduce(addSizes, 0)) },
  );
}

function addSizes(total: number, t: Tensor): number {
  for (const v of t.data) total += Math.abs(v);
  return total;
}

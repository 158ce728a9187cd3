import { mul, random, sum, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { checkGradients, tolerances } from "@evenkeel/testkit";

// The tolerances of the whole project, in one place.
console.table(tolerances.gradient);
console.table(tolerances.backends);

const f64 = { dtype: "float64" } as const;
const bn = batchNorm({ numFeatures: 3 });
const { params, state } = bn.init(f64);
const x = random(1).normal([8, 3, 2, 2], { mean: 1, ...f64 });
const weights = random(2).normal(x.shape, f64);

// Derivatives of orders 1 to 3 by x, weight and bias together, along a random direction.
const loss = (at: { readonly x: Tensor; readonly params: typeof params }): Tensor =>
  sum(mul(weights, bn.apply(at.x, at.params, state).output));
const figures = checkGradients(loss, { x, params }, { order: 3 });
console.table(
  figures.map(({ order, analytic, numeric, relativeError, tolerance }) => {
    return { order, analytic, numeric, relativeError, tolerance };
  }),
);
if (figures.some(({ verdict }) => verdict !== "right")) throw new Error("a derivative is wrong");

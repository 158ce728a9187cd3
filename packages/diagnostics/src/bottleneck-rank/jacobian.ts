import { scope, type Tensor, tensor, vjp } from "@evenkeel/autodiff";
import { checkInProcess } from "../in-process.ts";
import { complexMatrix, singularValues } from "../matrix/svd.ts";

/**
 * The singular values of a function's Jacobian at a point, descending.
 *
 *     J[i, j] = ∂f(x)[i] / ∂x[j]
 *
 * **When to use.** For functions of few outputs: each costs a backward pass. Give it one sample, or the values
 * of a batch mix.
 *
 * @param f - A function made of ops, such as `(x) => model.forward(x)`.
 * @returns min(outputs, inputs) values.
 * @throws ValueError for derivatives that are not finite.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * jacobianValues((x) => mul(2, x), ones([3])); // [2, 2, 2]
 */
export function jacobianValues(f: (x: Tensor) => Tensor, x: Tensor): Float64Array {
  checkInProcess("jacobianValues");
  return scope(() => {
    const { value, pullback } = vjp(f, x);
    const jacobian = complexMatrix(x.size, value.size);
    for (let i = 0; i < value.size; i++) {
      const row = scope(() => {
        const [gradient] = pullback(unit(value, i));
        return Float64Array.from(gradient.data);
      });
      jacobian.re.set(row, i * x.size);
    }
    return singularValues(jacobian);
  });
}

/** 1 at place i, of a tensor's shape and dtype. */
function unit({ size, shape, dtype }: Tensor, i: number): Tensor {
  const out = new Float64Array(size);
  out[i] = 1;
  return tensor(out, { shape, dtype });
}

/**
 * The logarithm of a pseudo-determinant: the sum of the logarithms of the values above a threshold.
 *
 *     Σ over values > threshold of log(value)
 *
 * **When to use.** With the values of a Jacobian. The paper bounds a function's regularity from below by a
 * weighted sum of such logarithms; this one has no weights, so watch how it changes, not how large it is.
 *
 * @example
 * logPseudoDeterminant(jacobianValues(f, x), 1e-6);
 *
 * @see Wen, Jacot: Which Frequencies do CNNs Need? https://arxiv.org/abs/2402.08010
 */
export function logPseudoDeterminant(values: ArrayLike<number>, threshold: number): number {
  return Array.from(values).reduce((sum, s) => (s > threshold ? sum + Math.log(s) : sum), 0);
}

import {
  add,
  cast,
  div,
  full,
  matmul,
  maximum,
  mul,
  reciprocal,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from "@evenkeel/autodiff";
import { momentsOfPlanes } from "@evenkeel/norm-core";

/**
 * How alike the samples of a batch are: the mean cosine between the features of two different ones, −1 … 1.
 *
 *     f_n = x_n / |x_n|       similarity = (|Σ_n f_n|² − Σ_n |f_n|²) / (N·(N − 1))
 *
 * **When to use.** To see what threshold of `unifiedBatchNorm` would do, on the input of the norm. Features
 * after a ReLU are alike by construction.
 *
 * @param x - Samples along the first axis, any shape.
 * @returns A constant, []; −1 for a single sample. Samples of zeros are like none. Two passes over x.
 *
 * @example
 * featureSimilarity(random(1).normal([8, 3, 4, 4])).item(); // near 0
 */
export function featureSimilarity(x: Tensor): Tensor {
  const samples = x.shape[0]!;
  const inner = x.size / samples;
  const features = reshape(stopGradient(x), [samples, inner]);
  const rows = momentsOfPlanes(features, { samples, outer: 1, channels: 1, inner });
  const squares = add(rows.m2, mul(rows.count, square(rows.mean)));
  const inverse = reciprocal(maximum(sqrt(squares), 1e-12));
  if (samples === 1) return full([], -1, { dtype: squares.dtype });
  const total = matmul(reshape(cast(inverse, x.dtype), [1, samples]), features);
  const length = sum(square(cast(total, squares.dtype)));
  const alone = sum(mul(squares, square(inverse)));
  return div(sub(length, alone), samples * (samples - 1));
}

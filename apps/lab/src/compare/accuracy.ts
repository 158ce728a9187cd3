import { release, scope, type Tensor, type TypedArray, tensor } from "@evenkeel/autodiff";
import type { Dataset, Split } from "../data/dataset.ts";

/** Test images at a time. */
export const TEST_BATCH = 100;

/** Some images of a split, as a network takes them; domain 0 where none is known. */
export interface Batch {
  readonly x: Tensor;
  readonly labels: Int32Array;
  readonly domains: Int32Array;
}

export function take(
  { shape }: Dataset,
  { images, labels, domains }: Split,
  batch: readonly number[],
): Batch {
  const size = shape.reduce((product, n) => product * n, 1);
  const pixels = new Float32Array(batch.length * size);
  batch.forEach((from, to) => {
    pixels.set(images.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    x: tensor(pixels, { shape: [batch.length, ...shape] }),
    labels: Int32Array.from(batch, (i) => labels[i]!),
    domains: Int32Array.from(batch, (i) => domains?.[i] ?? 0),
  };
}

/** All test images, some at a time, in their order. */
export function* testBatches(data: Dataset): Iterable<Batch> {
  const { count } = data.test;
  for (let start = 0; start < count; start += TEST_BATCH) {
    const length = Math.min(TEST_BATCH, count - start);
    yield take(
      data,
      data.test,
      Array.from({ length }, (_, i) => start + i),
    );
  }
}

/** How many of the test images a prediction gets right, 0 to 1. */
export function accuracy(data: Dataset, predict: (batch: Batch) => Tensor): number {
  let right = 0;
  for (const batch of testBatches(data)) {
    right += scope(() => rightOf(predict(batch).data, batch.labels));
  }
  return right / data.test.count;
}

/** `accuracy` for backends whose numbers are waited for: all predictions are made at once, then read. */
export async function readAccuracy(
  data: Dataset,
  predict: (batch: Batch) => Tensor,
): Promise<number> {
  const labels: Int32Array[] = [];
  const predictions = scope(() =>
    Array.from(testBatches(data), (batch) => {
      labels.push(batch.labels);
      return scope(() => predict(batch));
    }),
  );
  try {
    const logits = await Promise.all(predictions.map((t) => t.read()));
    const right = logits.reduce((sum, some, i) => sum + rightOf(some, labels[i]!), 0);
    return right / data.test.count;
  } finally {
    release(...predictions);
  }
}

/** How many rows of logits have their largest entry at the label. */
function rightOf(logits: TypedArray, labels: Int32Array): number {
  const classes = logits.length / labels.length;
  return labels.reduce((sum, label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    return sum + (row.indexOf(Math.max(...row)) === label ? 1 : 0);
  }, 0);
}

import type { NdArray } from "@evenkeel/testkit";

/** −Σ p log p of each row's softmax, in plain loops. */
export function softmaxEntropyReference(logits: NdArray): NdArray {
  const [samples, classes] = logits.shape as [number, number];
  const data = Float64Array.from({ length: samples }, (_, n) => {
    const row = Array.from(logits.data.slice(n * classes, (n + 1) * classes));
    const top = Math.max(...row);
    const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0);
    return row.reduce((sum, v) => {
      const log = v - top - Math.log(total);
      return sum - Math.exp(log) * log;
    }, 0);
  });
  return { shape: [samples], data };
}

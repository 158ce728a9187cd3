import type { Histogram } from "../report/results.ts";

/** Counts of values in equal bins between their 0.5 % and 99.5 % quantiles; the rest goes to the end bins. */
export function histogram(values: ArrayLike<number>, bins = 40): Histogram {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  const quantile = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? 0;
  const low = quantile(0.005);
  const width = (quantile(0.995) - low || 1) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const v of sorted) {
    counts[Math.min(bins - 1, Math.max(0, Math.floor((v - low) / width)))]! += 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), counts };
}

import type { CompareResult } from "./results.ts";

/** The runs of one norm at one batch size, over all seeds. */
export interface SummaryRow {
  readonly norm: string;
  readonly batchSize: number;
  readonly runs: number;
  /** Mean over the runs with a finite accuracy; NaN if there is none. */
  readonly accuracy: number;
  /** Sample standard deviation; NaN for fewer than two runs. */
  readonly deviation: number;
  /** Median over the runs. */
  readonly msPerStep: number;
  readonly diverged: number;
}

/** One row per norm and batch size that was run, in the order of `norms` and `batchSizes`. */
export function summarize(result: CompareResult): SummaryRow[] {
  return result.norms.flatMap((norm) =>
    result.batchSizes.flatMap((batchSize) => {
      const runs = result.runs.filter((run) => run.norm === norm && run.batchSize === batchSize);
      if (runs.length === 0) return [];
      const accuracies = runs.map((run) => run.accuracy).filter(Number.isFinite);
      const accuracy = mean(accuracies);
      return {
        norm,
        batchSize,
        runs: runs.length,
        accuracy,
        deviation: sampleDeviation(accuracies, accuracy),
        msPerStep: median(runs.map((run) => run.msPerStep).filter(Number.isFinite)),
        diverged: runs.filter((run) => run.diverged).length,
      };
    }),
  );
}

/** "87.3 ± 1.2 %"; without the deviation if it is unknown, "–" without an accuracy. */
export function formatAccuracy({
  accuracy,
  deviation,
}: Pick<SummaryRow, "accuracy" | "deviation">): string {
  if (!Number.isFinite(accuracy)) return "–";
  const spread = Number.isFinite(deviation) ? ` ± ${(100 * deviation).toFixed(1)}` : "";
  return `${(100 * accuracy).toFixed(1)}${spread} %`;
}

/** Milliseconds with three significant digits and no exponent. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

export function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function sampleDeviation(values: readonly number[], center: number): number {
  if (values.length < 2) return NaN;
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1),
  );
}

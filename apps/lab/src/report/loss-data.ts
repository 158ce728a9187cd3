import type { CompareResult, RunResult } from "./results.ts";
import { mean, median } from "./summary.ts";

/** The mean loss of one norm's runs at one moment, and the range over the seeds. */
export interface LossPoint {
  readonly norm: string;
  readonly batchSize: number;
  /** Percent of the training done. */
  readonly progress: number;
  readonly loss: number;
  readonly low: number;
  readonly high: number;
}

const pointsPerCurve = 120;

/** Mean loss over seeds of every norm and batch size; NaN where all of its runs have diverged. */
export function lossPoints(result: CompareResult): LossPoint[] {
  return result.norms.flatMap((norm) =>
    result.batchSizes.flatMap((batchSize) => {
      const runs = result.runs.filter((run) => run.norm === norm && run.batchSize === batchSize);
      const curves = runs.map((run) => {
        const smoothed = smooth(run.losses);
        return new Map(run.lossSteps.map((step, i) => [step, smoothed[i] ?? NaN]));
      });
      const steps = [...new Set(runs.flatMap((run) => run.lossSteps))].sort((a, b) => a - b);
      const all = totalSteps(result, batchSize);
      return thin(steps).map((step) => {
        const losses = curves.map((curve) => curve.get(step) ?? NaN).filter(Number.isFinite);
        const [low, high] =
          losses.length > 0 ? [Math.min(...losses), Math.max(...losses)] : [NaN, NaN];
        return { norm, batchSize, progress: (100 * step) / all, loss: mean(losses), low, high };
      });
    }),
  );
}

/** Where each diverged run was last seen. */
export function divergences(result: CompareResult): LossPoint[] {
  return result.runs.flatMap(({ diverged, losses, lossSteps, norm, batchSize }) => {
    const last = losses.findLastIndex(Number.isFinite);
    if (!diverged || last < 0) return [];
    const loss = smooth(losses)[last]!;
    const progress = (100 * (lossSteps[last] ?? 0)) / totalSteps(result, batchSize);
    return { norm, batchSize, progress, loss, low: loss, high: loss };
  });
}

/** The top of the loss scale: half above the usual first loss, so that a diverging run leaves. */
export function lossCeiling(result: CompareResult, points: readonly LossPoint[]): number {
  const highest = Math.max(0, ...points.map((point) => point.high).filter(Number.isFinite));
  const firsts = result.runs.map(({ losses }) => smooth(losses)[0] ?? NaN).filter(Number.isFinite);
  const usual = Math.max(median(firsts), Math.log(Math.max(2, result.dataset.classes.length)));
  return Math.min(1.05 * highest, 1.5 * usual) || 1;
}

/** Each loss averaged with its neighbors over a twentieth of the run; NaN stays where it was. */
export function smooth(losses: RunResult["losses"]): number[] {
  const reach = Math.floor(losses.length / 40);
  return losses.map((loss, i) =>
    Number.isFinite(loss)
      ? mean(losses.slice(Math.max(0, i - reach), i + reach + 1).filter(Number.isFinite))
      : NaN,
  );
}

export function totalSteps(result: CompareResult, batchSize: number): number {
  const seen = result.runs
    .filter((run) => run.batchSize === batchSize)
    .map((run) => Math.max(1, ...run.lossSteps));
  return result.steps[batchSize] ?? Math.max(1, ...seen);
}

function thin(steps: readonly number[]): number[] {
  if (steps.length <= pointsPerCurve) return [...steps];
  const stride = (steps.length - 1) / (pointsPerCurve - 1);
  return Array.from({ length: pointsPerCurve }, (_, i) => steps[Math.round(i * stride)]!);
}

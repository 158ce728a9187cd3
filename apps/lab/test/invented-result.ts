import { random } from "@evenkeel/autodiff";
import type { Histogram } from "@evenkeel/diagnostics";
import type { CompareResult, RunResult } from "../src/report/results.ts";

interface Invention {
  readonly norms: readonly string[];
  readonly batchSizes?: readonly number[];
  readonly seeds?: readonly number[];
  /** Norms whose runs diverge at the smallest batch size. */
  readonly diverging?: readonly string[];
  readonly stepCount?: number;
}

/** Results that look like those of a comparison, without training anything. */
export function inventResult(invention: Invention): CompareResult {
  const { norms, batchSizes = [2, 8, 32], seeds = [1, 2, 3], stepCount = 300 } = invention;
  const runs = norms.flatMap((norm, n) =>
    batchSizes.flatMap((batchSize, b) =>
      seeds.map((seed) => {
        const diverged = b === 0 && (invention.diverging ?? []).includes(norm);
        return inventRun({ norm, batchSize, seed, diverged, stepCount, skill: n / norms.length });
      }),
    ),
  );
  return {
    dataset: {
      name: "glyphs",
      shape: [1, 16, 16],
      classes: Array.from("0123456789"),
      trainCount: 2000,
      testCount: 500,
    },
    steps: Object.fromEntries(batchSizes.map((size) => [size, stepCount])),
    seeds,
    norms,
    batchSizes,
    runs,
    threads: 2,
    seconds: 252.4,
    skipped: [],
  };
}

interface RunPlan {
  readonly norm: string;
  readonly batchSize: number;
  readonly seed: number;
  readonly diverged: boolean;
  readonly stepCount: number;
  readonly skill: number;
}

function inventRun(plan: RunPlan): RunResult {
  const { norm, batchSize, seed, diverged, stepCount, skill } = plan;
  const source = random(seed * 1000 + batchSize * 7 + Math.round(skill * 100));
  const help = Math.log2(batchSize + 1) / 5;
  const lossSteps = Array.from({ length: stepCount }, (_, i) => i + 1);
  const losses = lossSteps.map((step) => {
    if (diverged && step > stepCount / 3) return NaN;
    const wild = diverged ? Math.exp(step / (stepCount / 12)) / 10 : 0;
    const pace = 2 + 6 * skill + 3 * help;
    const trend = 0.25 + 2.05 * Math.exp((-pace * step) / stepCount);
    return trend * (1 + 0.25 * source.gaussian() * (1 - help / 2)) + wild;
  });
  return {
    norm,
    batchSize,
    seed,
    losses,
    lossSteps,
    accuracy: diverged ? 0.1 : 0.78 + 0.1 * help + 0.06 * skill + 0.01 * source.gaussian(),
    msPerStep: (1 + 0.2 * batchSize) * (1 + skill),
    histograms: ["block1.norm", "block2.norm", "block3.norm"].map((layer, i) => ({
      layer,
      before: bell(1.5 + skill * 2, 2 + i),
      after: bell(0, 1),
    })),
    diverged,
  };
}

/** A normal distribution cut into 40 bars over four deviations. */
function bell(center: number, deviation: number): Histogram {
  const edges = Array.from({ length: 41 }, (_, i) => center + deviation * (i / 5 - 4));
  const counts = edges
    .slice(1)
    .map((edge) => Math.round(1000 * Math.exp(-(((edge - center) / deviation) ** 2) / 2)));
  return { edges, counts };
}

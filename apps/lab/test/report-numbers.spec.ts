import { describe, expect, it } from "vitest";
import { divergences, lossCeiling, lossPoints, smooth } from "../src/report/loss-data.ts";
import { normStyles } from "../src/report/norm-style.ts";
import type { CompareResult, RunResult } from "../src/report/results.ts";
import { formatAccuracy, formatMs, median, summarize } from "../src/report/summary.ts";
import { printTable } from "../src/report/table.ts";
import { inventResult } from "./invented-result.ts";

const base = inventResult({ norms: ["batchNorm", "rmsNorm"], batchSizes: [2, 16], seeds: [1, 2] });

/** The invented comparison with its runs changed. */
function changed(change: (run: RunResult) => Partial<RunResult>): CompareResult {
  return { ...base, runs: base.runs.map((run) => ({ ...run, ...change(run) })) };
}

describe("summarize", () => {
  it("takes the mean and sample deviation of accuracy and the median of time over the seeds", () => {
    const result = {
      ...base,
      runs: base.runs.slice(0, 1).flatMap((run) => [
        { ...run, accuracy: 0.8, msPerStep: 1 },
        { ...run, accuracy: 0.9, msPerStep: 2 },
        { ...run, accuracy: 1, msPerStep: 30 },
      ]),
    };
    const [row, ...others] = summarize(result);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      norm: "batchNorm",
      batchSize: 2,
      runs: 3,
      msPerStep: 2,
      diverged: 0,
    });
    expect(row!.accuracy).toBeCloseTo(0.9, 12);
    expect(row!.deviation).toBeCloseTo(0.1, 12);
  });

  it("keeps the order of norms and batch sizes", () => {
    const rows = summarize({ ...base, runs: [...base.runs].reverse() });
    expect(rows.map(({ norm, batchSize }) => [norm, batchSize])).toEqual([
      ["batchNorm", 2],
      ["batchNorm", 16],
      ["rmsNorm", 2],
      ["rmsNorm", 16],
    ]);
  });

  it("knows no deviation of one run", () => {
    const result = changed(() => ({ accuracy: 0.75 }));
    const [row] = summarize({ ...result, runs: result.runs.slice(0, 1) });
    expect(row!.deviation).toBeNaN();
    expect(formatAccuracy(row!)).toBe("75.0 %");
  });

  it("counts diverged runs and leaves accuracies out that are no numbers", () => {
    const result = changed(({ seed }) =>
      seed === 1 ? { diverged: true, accuracy: NaN } : { accuracy: 0.5 },
    );
    expect(summarize(result)[0]).toMatchObject({ runs: 2, diverged: 1, accuracy: 0.5 });
    const none = summarize(changed(() => ({ accuracy: NaN })))[0]!;
    expect(formatAccuracy(none)).toBe("–");
  });
});

describe("numbers", () => {
  it("of milliseconds keep three digits", () => {
    expect([0.5, 9.876, 12.34, 123.4, NaN].map(formatMs)).toEqual([
      "0.50",
      "9.88",
      "12.3",
      "123",
      "–",
    ]);
  });

  it("have the middle one, or the middle two's mean, as their median", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN]);
  });
});

describe("printTable", () => {
  it("has a row per norm and says what diverged and what was not run", () => {
    const result = changed(({ seed, norm, batchSize }) => ({
      accuracy: norm === "batchNorm" && batchSize === 2 ? NaN : 0.8 + seed / 50,
      diverged: norm === "batchNorm" && batchSize === 2,
      msPerStep: batchSize,
    }));
    const runs = result.runs.filter((run) => run.norm !== "rmsNorm" || run.batchSize !== 16);
    const skipped = [{ norm: "rmsNorm", batchSize: 16, why: "not asked for" }];
    expect(printTable({ ...result, runs, skipped })).toMatchInlineSnapshot(`
      "┌───────────┬──────────────┬─────────┬───────────────┬─────────┐
      │ norm      │ batch size 2 │ ms/step │ batch size 16 │ ms/step │
      ├───────────┼──────────────┼─────────┼───────────────┼─────────┤
      │ batchNorm │         – ✗2 │    2.00 │  83.0 ± 1.4 % │    16.0 │
      │ rmsNorm   │ 83.0 ± 1.4 % │    2.00 │             – │       – │
      └───────────┴──────────────┴─────────┴───────────────┴─────────┘
      Accuracy: mean ± sample deviation over 2 seeds.
      ✗n: n of its runs diverged (their loss stopped being finite).
      Not run: rmsNorm at batch size 16: not asked for"
    `);
  });

  it("has no second deviation line for one seed", () => {
    const one = inventResult({ norms: ["rmsNorm"], batchSizes: [4], seeds: [1] });
    expect(printTable(one)).not.toContain("±");
  });
});

describe("smooth", () => {
  it("averages over a twentieth of the run and keeps its length", () => {
    const spike = Array.from({ length: 80 }, (_, i) => (i === 40 ? 5 : 0));
    const smoothed = smooth(spike);
    expect(smoothed).toHaveLength(80);
    expect(smoothed.slice(37, 44)).toEqual([0, 1, 1, 1, 1, 1, 0]);
  });

  it("leaves short runs alone and does not spread a NaN", () => {
    expect(smooth([3, 1, NaN])).toEqual([3, 1, NaN]);
    const late = Array.from({ length: 80 }, (_, i) => (i < 60 ? 2 : NaN));
    expect(smooth(late)).toEqual(late);
  });
});

describe("lossPoints", () => {
  it("gives mean and range over the seeds against the part of the training done", () => {
    const result = changed(({ seed }) => ({ losses: [2 * seed, seed], lossSteps: [150, 300] }));
    const own = lossPoints(result).filter((p) => p.norm === "rmsNorm" && p.batchSize === 16);
    expect(own).toEqual([
      { norm: "rmsNorm", batchSize: 16, progress: 50, loss: 3, low: 2, high: 4 },
      { norm: "rmsNorm", batchSize: 16, progress: 100, loss: 1.5, low: 1, high: 2 },
    ]);
  });

  it("goes on with the other seeds where one diverged, and says where", () => {
    const result = changed(({ seed }) => ({
      losses: seed === 1 ? [9, NaN, Infinity] : [1, 1, 1],
      lossSteps: [100, 200, 300],
      diverged: seed === 1,
    }));
    expect(
      lossPoints(result)
        .slice(0, 3)
        .map((point) => point.loss),
    ).toEqual([5, 1, 1]);
    expect(divergences(result)).toHaveLength(4);
    expect(divergences(result)[0]).toMatchObject({ norm: "batchNorm", batchSize: 2, loss: 9 });
    expect(divergences(result)[0]!.progress).toBeCloseTo(100 / 3, 12);
  });

  it("has at most 120 points a curve, the first and last step among them", () => {
    const long = inventResult({ norms: ["rmsNorm"], batchSizes: [2], seeds: [1], stepCount: 5000 });
    const points = lossPoints(long);
    expect(points).toHaveLength(120);
    expect([points[0]!.progress, points.at(-1)!.progress]).toEqual([0.02, 100]);
  });

  it("is cut off above a diverging loss, so that the others stay visible", () => {
    const result = changed(({ seed, norm }) => ({
      losses: seed === 1 && norm === "batchNorm" ? [2, 1e30] : [2, 1],
      lossSteps: [1, 2],
    }));
    expect(lossCeiling(result, lossPoints(result))).toBeCloseTo(1.5 * Math.log(10), 12);
    const nothing = changed(() => ({ losses: [NaN], lossSteps: [1] }));
    expect(lossCeiling(nothing, lossPoints(nothing))).toBe(1);
  });
});

describe("normStyles", () => {
  it("tells 45 norms apart by color, dash and symbol", () => {
    const styles = normStyles(Array.from({ length: 45 }, (_, i) => `norm${i}`));
    expect(new Set(styles.map(({ color, dash }) => `${color} ${dash}`)).size).toBe(45);
    expect(styles.slice(0, 9).every(({ dash }) => dash === undefined)).toBe(true);
  });
});

import { describe, expect, test } from "vitest";
import {
  apart,
  emptyHistory,
  lossRange,
  stepsShown,
  summary,
  thinned,
  withReport,
} from "./history.ts";
import type { Report, RunReport } from "./protocol.ts";
import { defaults } from "./settings.ts";

const settings = { ...defaults, norms: ["batchNorm", "none"], steps: 400 };
const run = (norm: string, changes: Partial<RunReport>): RunReport => ({
  norm,
  status: "training",
  trouble: undefined,
  losses: [],
  accuracies: [],
  msPerStep: 1,
  ...changes,
});
const report = (step: number, ...runs: RunReport[]): Report => ({
  kind: "report",
  step,
  phase: "running",
  rate: 10,
  runs,
  measured: undefined,
});

describe("a history", () => {
  test("joins reports, and smooths without a start from 0", () => {
    let history = emptyHistory(settings);
    history = withReport(history, report(2, run("batchNorm", { losses: [4, 2] }), run("none", {})));
    const accuracies = [{ step: 3, accuracy: 0.5 }];
    const last = run("batchNorm", { losses: [3], accuracies });
    history = withReport(history, report(3, last, run("none", {})));
    const [batchNorm] = history.norms;
    expect(batchNorm!.losses).toEqual([4, 2, 3]);
    expect(batchNorm!.smooth).toEqual([4, 3, 3]);
    expect(batchNorm!.accuracies).toEqual([{ step: 3, value: 0.5 }]);
    expect(history.step).toBe(3);
  });

  test("is told in words", () => {
    const history = withReport(
      emptyHistory(settings),
      report(
        1,
        run("batchNorm", { losses: [2.31], accuracies: [{ step: 1, accuracy: 0.125 }] }),
        run("none", { status: "diverged" }),
      ),
    );
    expect(summary(history, (id) => id)).toBe(
      "Step 1 of 400. batchNorm: loss 2.3, accuracy 12.5 %. none: diverged at step 1.",
    );
  });

  test("shows an axis of steps that rarely changes, and none beyond the last", () => {
    const shown = (step: number) => stepsShown({ ...emptyHistory(settings), step });
    expect([0, 50, 51, 120, 399].map(shown)).toEqual([50, 50, 100, 200, 400]);
  });

  test("keeps an axis of losses for those that do not fly away", () => {
    const fall = run("batchNorm", { losses: [2, 1.5, 1] });
    const flight = run("none", { losses: [2, 500, 9000] });
    const { norms } = withReport(emptyHistory(settings), report(3, fall, flight));
    expect(lossRange(norms, "linear")[1]).toBeLessThan(4);
    expect(lossRange(norms, "log")[1]).toBeGreaterThan(3000);
    expect(lossRange([], "log")[0]).toBeGreaterThan(0);
  });
});

describe("a curve with fewer points", () => {
  test("has its first and its last, and keeps the others while it grows", () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    const at = (n: number) => thinned(values.slice(0, n), 30).map(({ step }) => step);
    expect(at(100).length).toBeLessThanOrEqual(32);
    expect([at(100)[0], at(100).at(-1)]).toEqual([1, 100]);
    expect(at(98)).toEqual(expect.arrayContaining(at(91).slice(0, -1)));
    expect(at(10)).toHaveLength(10);
  });
});

describe("labels", () => {
  test("are moved apart in their order, and stay in the frame", () => {
    expect(apart([10, 50], 12, 100)).toEqual([10, 50]);
    expect(apart([50, 10, 52], 12, 100)).toEqual([50, 10, 62]);
    expect(apart([99, 98], 12, 100)).toEqual([100, 88]);
  });
});

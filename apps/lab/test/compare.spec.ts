import { describe, expect, test } from "vitest";
import { network } from "../src/compare/network.ts";
import { plan } from "../src/compare/plan.ts";
import { train } from "../src/compare/train.ts";
import { glyphs } from "../src/data/glyphs.ts";
import { parseNorms } from "../src/names.ts";

const asked = {
  norms: ["none", "batchNorm"],
  batchSizes: [2, 32],
  seeds: 2,
  steps: 10,
  lr: 0.01,
  shape: [1, 16, 16],
  classes: 10,
  domains: 4,
  trainCount: 100,
} as const;

describe("a plan", () => {
  test("has a run for every norm, batch size and seed, with more steps for small batches", () => {
    const { jobs, seeds, steps, skipped } = plan(asked);
    expect(jobs).toHaveLength(8);
    expect(seeds).toEqual([1, 2]);
    expect(steps).toEqual({ 2: 80, 32: 10 });
    expect(skipped).toEqual([]);
    expect(jobs[0]).toEqual({
      norm: "none",
      batchSize: 2,
      seed: 1,
      steps: 80,
      lr: 0.0025,
      histograms: true,
    });
  });

  test("leaves out what cannot run, with the reason", () => {
    const { jobs, skipped } = plan({ ...asked, trainCount: 20 });
    expect(jobs).toHaveLength(4);
    expect(skipped.map(({ batchSize, why }) => [batchSize, why])).toEqual([
      [32, "there are only 20 images"],
      [32, "there are only 20 images"],
    ]);
    const tiny = plan({ ...asked, norms: ["instanceNorm", "batchNorm"], shape: [1, 4, 4] });
    expect(tiny.skipped.map(({ norm }) => norm)).toEqual(["instanceNorm", "instanceNorm"]);
    expect(tiny.skipped[0]!.why).toContain("more than one value for each statistic");
  });
});

describe("norms that are told the domain", () => {
  const norms = ["classConditionalBatchNorm", "conditionalBatchNorm", "filmBatchNorm", "film"];

  test("are built for the domains that there are; what needs to be told more is left out", () => {
    const { jobs, skipped } = plan({ ...asked, norms, batchSizes: [8], seeds: 1 });
    expect(jobs.map(({ norm }) => norm)).toEqual(norms.slice(0, 3));
    expect(skipped).toEqual([
      {
        norm: "film",
        batchSize: 8,
        why: "film gamma: expected shape [2, 16], one row per sample, got none. Pass it in the condition.",
      },
    ]);
  });

  test("learn from the domain, never from the label", () => {
    const net = network(
      "classConditionalBatchNorm",
      { shape: [1, 16, 16], classes: 10, domains: 4 },
      1,
    );
    expect(net.condition(Int32Array.of(3, 0))).toEqual({ classes: Int32Array.of(3, 0) });
    const tables = [...net.model.namedParameters()].filter(([name]) => name.includes("embed"));
    expect(tables.map(([, { value }]) => value.shape[0])).toEqual([4, 4, 4, 4, 4, 4]);
    const data = glyphs({ train: 64, test: 20 });
    const job = { batchSize: 16, seed: 1, steps: 12, lr: 0.01, histograms: true };
    const norm = "classConditionalBatchNorm";
    const { losses, histograms } = train(data, { ...job, norm }, () => {});
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(histograms).toHaveLength(3);
  });

  test("take all images for one domain where none is known", () => {
    const data = glyphs({ train: 40, test: 10 });
    const known = { ...data, domains: [] };
    const unknown = {
      ...known,
      train: { ...data.train, domains: null },
      test: { ...data.test, domains: null },
    };
    const job = { batchSize: 8, seed: 1, steps: 2, lr: 0.003, histograms: false };
    const { losses } = train(unknown, { ...job, norm: "classConditionalBatchNorm" }, () => {});
    expect(losses.every(Number.isFinite)).toBe(true);
  });
});

describe("training", () => {
  const data = glyphs({ train: 200, test: 100 });
  const job = { norm: "batchNorm", batchSize: 16, seed: 1, steps: 40, lr: 0.003, histograms: true };

  test("learns, and gives the same numbers every time", () => {
    const steps: number[] = [];
    const first = train(data, job, (step) => steps.push(step));
    const { msPerStep: _, ...again } = train(data, job, () => {});
    expect(first).toMatchObject(again);
    expect(steps).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(first.losses.at(-1)).toBeLessThan(0.75 * first.losses[0]!);
    expect(first.accuracy).toBeGreaterThan(0.3);
    expect(first.diverged).toBe(false);
  });

  test("shows what enters and leaves each norm", () => {
    const { histograms } = train(data, job, () => {});
    expect(histograms.map(({ layer }) => layer)).toEqual(["norm 1", "norm 2", "norm 3"]);
    const values = 100 * 16 * 16 * 16;
    for (const { counts, edges } of [histograms[0]!.before, histograms[0]!.after]) {
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(values);
      expect(edges).toHaveLength(counts.length + 1);
    }
  });

  test("a run whose numbers overflow is reported as diverged, not as an error", () => {
    const wild = train(data, { ...job, norm: "none", lr: 1e30 }, () => {});
    expect(wild.diverged).toBe(true);
    expect(wild.histograms).toEqual([]);
    expect(wild.losses.at(-1)).toBeNaN();
  });
});

describe("--norms", () => {
  test("takes names and all", () => {
    expect(parseNorms("batchNorm, groupNorm")).toEqual(["batchNorm", "groupNorm"]);
    expect(parseNorms("all")).toContain("rmsNorm");
  });

  test("an unknown name suggests the nearest", () => {
    expect(() => parseNorms("batchNrm")).toThrow(/got "batchNrm"\. Did you mean batchNorm\?$/);
  });
});

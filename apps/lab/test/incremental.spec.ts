import { random, scope } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { describe, expect, test } from "vitest";
import { glyphs } from "../src/data/glyphs.ts";
import { type IncrementalRow, printRows } from "../src/incremental/incremental.ts";
import { learn } from "../src/incremental/learn.ts";
import { type Method, methods, networkOf } from "../src/incremental/methods.ts";
import { statisticsBias } from "../src/incremental/statistics-bias.ts";
import { imagesOf, joined, rowsOf, type Samples, tasksOf } from "../src/incremental/tasks.ts";

const data = glyphs({ train: 1600, test: 400, seed: 3 });
const tasks = tasksOf(data, { styles: false });

describe("tasksOf", () => {
  test("gives each task two digits of the plain domain, all of them once", () => {
    expect(tasks.map(({ train }) => [...new Set(train.labels)].sort())).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ]);
    expect(tasks.reduce((n, { train }) => n + train.labels.length, 0)).toBe(400);
    expect(tasks.every(({ test: { labels } }) => labels.length === 20)).toBe(true);
  });
  test("styles change contrast and brightness, and nothing in a task that has neither", () => {
    const styled = tasksOf(data, { styles: true });
    const slope = (t: number): number => {
      const [from, to] = [tasks[t]!.train.pixels, styled[t]!.train.pixels];
      return (to[0]! - to[1]!) / (from[0]! - from[1]!);
    };
    expect([0, 1, 2].map((t) => Math.round(100 * slope(t)) / 100)).toEqual([0.64, 1, 1.36]);
    expect(styled[0]!.train.labels).toEqual(tasks[0]!.train.labels);
  });
});

describe("learn", () => {
  const schedule = { epochs: 2, current: 16, remembered: 16, kept: 10, lr: 0.02 };
  const two = tasks.slice(0, 2);
  test.each(methods)("$name learns two tasks, the same from the same seed", (method) => {
    const outcome = learn(two, method, schedule, 1);
    expect(learn(two, method, schedule, 1)).toEqual(outcome);
    expect(outcome.accuracy).toBeGreaterThan(0.25);
    expect(outcome.accuracy).toBeLessThanOrEqual(1);
    expect(outcome.forgetting).toBeLessThanOrEqual(1);
    expect(outcome.bias).toBeGreaterThan(0);
  });
});

describe("statisticsBias", () => {
  test("is next to nothing right after the very images, and large for others", () => {
    const method: Method = {
      ...methods[0]!,
      bind: (numFeatures) => batchNorm({ numFeatures, momentum: 1 }) as never,
    };
    const model = networkOf(method, 10, 16, 1);
    const images = rowsOf(tasks[0]!.train, [0, 1, 2, 3, 4, 5, 6, 7]);
    scope(() => model.forward(imagesOf(images)));
    expect(statisticsBias(model, method, images)).toBeLessThan(1e-5);
    const noise = random(1).normal([8, 1, 16, 16], { mean: 3 }).data;
    const others: Samples = { pixels: Float32Array.from(noise), labels: images.labels };
    expect(statisticsBias(model, method, others)).toBeGreaterThan(0.1);
  });
});

test("samples are joined in order and picked with repeats", () => {
  const { train } = tasks[0]!;
  const [a, b] = [rowsOf(train, [2]), rowsOf(train, [0, 0])];
  const both = joined([a, b]);
  expect(both).toEqual(rowsOf(train, [2, 0, 0]));
});

test("the table shows mean and deviation, and a dash for what was not run", () => {
  const outcomes = [0.5, 0.7].map((accuracy) => ({ accuracy, forgetting: 0.2, bias: 0.01 }));
  const rows: IncrementalRow[] = [{ method: "CN", styles: false, outcomes }];
  const text = printRows(rows);
  expect(text).toMatch(/CN\s.*60\.0 ± 14\.1.*20\.0 ± 0\.0.*0\.010 ± 0\.000.*–/);
});

import { add, mean, mul, sub, type Tensor, zeros } from "@evenkeel/autodiff";
import { type BoundNorm, evaluation, type Mode, training } from "@evenkeel/norm-core";
import { describe, expect, test } from "vitest";
import { goldenSuite, runGolden } from "./golden.ts";
import type { GoldenCase, GoldenFile, GoldenStep } from "./golden-file.ts";
import type { GoldenAdapter } from "./golden-step.ts";
import { expectRefusal } from "./refusal.ts";

/** y = (x − center)·weight + shift: center is the batch's mean, or in evaluation the last batch's. */
function centering({ gain = 1 }: { gain?: number }): BoundNorm<Tensor> {
  return {
    card: { id: "centering" } as never,
    options: { gain },
    init: ({ dtype = "float32" } = {}) => ({
      params: { weight: zeros([], { dtype }) },
      state: { center: zeros([], { dtype }) },
    }),
    apply(x, { weight }, state, { mode = training, condition = 0 as never } = {}) {
      const center = mode.statistics === "batch" ? mean(x) : state["center"]!;
      const output = add(mul(mul(sub(x, center), weight!), gain), condition);
      return { output, state: mode.update ? { center } : state };
    },
  };
}

const t = (...data: number[]) => ({ shape: [data.length], data });
const scalar = (v: number) => ({ shape: [], data: [v] });

// x = [1, 3], weight 2, gradOutput [1, 0]: y = [−2, 2], dx = 2·[½, −½], dweight = −1.
const step: GoldenStep = {
  inputs: { x: t(1, 3) },
  gradOutput: t(1, 0),
  output: t(-2, 2),
  gradInputs: { x: t(1, -1) },
  gradParams: { weight: scalar(-1) },
  buffersAfter: { center: scalar(2) },
};
// By the running center: y = 2·(x − 2), dx = gradOutput·2.
const evalStep: GoldenStep = {
  inputs: { x: t(5) },
  gradOutput: t(1),
  output: t(6),
  gradInputs: { x: t(2) },
  gradParams: { weight: scalar(3) },
  buffersAfter: { center: scalar(2) },
  mode: "eval",
};
const one: GoldenCase = {
  name: "two steps",
  config: {},
  mode: "train",
  params: { weight: scalar(2) },
  buffersBefore: { center: scalar(0) },
  steps: [step, evalStep],
};
const fileOf = (...cases: GoldenCase[]): GoldenFile => ({
  method: "centering",
  source: "by hand",
  notes: "",
  cases,
});
const adapter: GoldenAdapter<{ gain?: number }, Tensor> = {
  method: "centering",
  options: (config) => config,
};
const worst = (file: GoldenFile, how = adapter): number =>
  Math.max(...runGolden(file, centering, how).flatMap((r) => r.comparisons.map((c) => c.error)));

describe("runGolden", () => {
  test("compares every tensor and carries the state from step to step", () => {
    const results = runGolden(fileOf(one), centering, adapter);
    expect(results.map((r) => [r.case, r.step, r.output, r.gradInputs, r.buffersAfter])).toEqual([
      ["two steps", 0, 0, 0, 0],
      ["two steps", 1, 0, 0, 0],
    ]);
    expect(results[0]!.comparisons.map((c) => c.tensor).sort()).toEqual([
      "buffersAfter.center",
      "gradInputs.x",
      "gradParams.weight",
      "output",
    ]);
  });
  test.each<[string, Partial<GoldenStep>]>([
    ["output", { output: t(-2, 2.1) }],
    ["gradInputs.x", { gradInputs: { x: t(1, 1) } }],
    ["gradParams.weight", { gradParams: { weight: scalar(-1.1) } }],
    ["buffersAfter.center", { buffersAfter: { center: scalar(1) } }],
  ])("finds a deviation in %s", (name, change) => {
    const file = fileOf({ ...one, steps: [{ ...step, ...change }] });
    const [result] = runGolden(file, centering, adapter);
    expect(result!.comparisons[0]!.tensor).toBe(name);
    expect(result!.comparisons[0]!.error).toBeGreaterThan(0.01);
    expect(result!.comparisons[1]!.error).toBe(0);
  });
  test("takes new parameters and config from a step on, and steps without a gradient", () => {
    const again: GoldenStep = {
      ...step,
      params: { weight: scalar(1) },
      config: { gain: 3 },
      gradOutput: null,
      output: t(-3, 3),
      gradInputs: {},
      gradParams: {},
    };
    expect(worst(fileOf({ ...one, steps: [step, again] }))).toBe(0);
  });
  test("differentiates other inputs that the condition uses, and renames tensors", () => {
    const shifted: GoldenStep = {
      ...step,
      inputs: { content: t(1, 3), shift: t(10, 20) },
      output: t(8, 22),
      gradInputs: { content: t(1, -1), shift: t(1, 0) },
      buffersAfter: { running_center: scalar(2) },
    };
    const file = fileOf({ ...one, buffersBefore: { running_center: scalar(0) }, steps: [shifted] });
    const how: typeof adapter = {
      ...adapter,
      x: "content",
      condition: ({ inputs }) => inputs["shift"]!,
      names: { running_center: "center" },
    };
    expect(worst(file, how)).toBe(0);
  });
  test("compares the buffers alone where a step has no output", () => {
    const silent = { ...step, output: null, gradOutput: null, gradInputs: {}, gradParams: {} };
    const results = runGolden(fileOf({ ...one, steps: [silent, evalStep] }), centering, adapter);
    expect(results[0]!.comparisons.map((c) => c.tensor)).toEqual(["buffersAfter.center"]);
    const off = { ...silent, buffersAfter: { center: scalar(1) } };
    expect(worst(fileOf({ ...one, steps: [off] }))).toBeGreaterThan(0.01);
  });
  test("compares extra outputs with what the adapter's apply gives besides", () => {
    const extra = { ...step, extraOutputs: { middle: scalar(2) } };
    const how: typeof adapter = {
      ...adapter,
      apply: ({ bound, x, params, state, mode }) => ({
        ...bound.apply(x, params, state, { mode }),
        others: { middle: mean(x) },
      }),
    };
    expect(worst(fileOf({ ...one, steps: [extra] }), how)).toBe(0);
    const off = { ...extra, extraOutputs: { middle: scalar(2.1) } };
    expect(worst(fileOf({ ...one, steps: [off] }), how)).toBeGreaterThan(0.01);
    expect(() => worst(fileOf({ ...one, steps: [extra] }))).toThrow(
      "golden extraOutputs: expected middle, got none.",
    );
  });
  test("compares what single parts of the batch contribute to a parameter's gradient", () => {
    const byPart = { ...step.gradParams, "weight@0": scalar(-1), "weight@1": scalar(0) };
    const file = fileOf({ ...one, steps: [{ ...step, gradParams: byPart }] });
    const how: typeof adapter = { ...adapter, parts: () => [1, 1] };
    expect(worst(file, how)).toBe(0);
    const wrong = { ...byPart, "weight@1": scalar(-1) };
    expect(worst(fileOf({ ...one, steps: [{ ...step, gradParams: wrong }] }), how)).toBe(1);
  });
  test("leaves mode and extra keys to the adapter that names them", () => {
    const modes: Record<string, Mode> = { frozen: evaluation };
    const odd = { ...evalStep, mode: "frozen", batchType: "clean" };
    const file = fileOf({ ...one, steps: [step, odd] });
    const how: typeof adapter = {
      ...adapter,
      understands: ["batchType"],
      mode: (call) => modes[call.step.mode ?? ""] ?? training,
    };
    expect(worst(file, how)).toBe(0);
  });
});

describe("what runGolden refuses", () => {
  const run = (change: Partial<GoldenCase>, more: object = {}) =>
    runGolden({ ...fileOf({ ...one, ...change }), ...more }, centering, adapter);
  test.each<[string, () => unknown, string]>([
    [
      "a key of a step that nobody understands",
      () => run({ steps: [{ ...step, domain: 1 }] }),
      'golden centering, two steps, step 0: expected keys among inputs, gradOutput, output, gradInputs, gradParams, buffersAfter, params, config, mode, outputs, gradOutputs, extraOutputs, got "domain". Name it in the adapter\'s understands if condition or options deal with it.',
    ],
    [
      "a key of the file that nobody understands",
      () => run({}, { version: 2 }),
      'golden file centering: expected keys among method, source, notes, cases, got "version". Name it in the adapter\'s understands if condition or options deal with it.',
    ],
    [
      "a step without its output",
      () => run({ steps: [{ inputs: {}, gradOutput: null } as never] }),
      'golden centering, two steps, step 0: expected a key "output", got inputs, gradOutput.',
    ],
    [
      "the file of another method",
      () => run({}, { method: "batch-norm" }),
      "runGolden: expected the file of centering, got batch-norm.",
    ],
    [
      "parameters that the norm does not have",
      () => run({ params: { weight: scalar(1), bias: scalar(0) } }),
      "golden two steps, params: expected weight [], got bias [], weight [].",
    ],
    [
      "buffers of another shape",
      () => run({ buffersBefore: { center: t(1, 2) } }),
      "golden two steps, buffers: expected center [], got center [2].",
    ],
    [
      "gradients of inputs that are not there",
      () => run({ steps: [{ ...step, gradInputs: { z: t(1) } }] }),
      "golden gradInputs: expected z, got none.",
    ],
    [
      "a mode that is neither train nor eval",
      () => run({ mode: "mixed" }),
      'runGolden: expected mode "train" or "eval", got "mixed". Give the adapter a mode function.',
    ],
  ])("%s", (name, call, message) => expectRefusal(name, call, message));
});

describe("goldenSuite", () => {
  test("makes a check of each case that the adapter has options for", () => {
    const how = { ...adapter, options: (c: { other?: unknown }) => (c.other ? undefined : {}) };
    const file = fileOf(one, { ...one, name: "another variant", config: { other: true } });
    const checks = goldenSuite(file, centering, how);
    expect(checks.map(({ name }) => name)).toEqual(["golden centering: two steps"]);
    checks[0]!.run();
  });
  test("refuses a file of which nothing would be checked", () => {
    expectRefusal(
      "no case",
      () => goldenSuite(fileOf(one), centering, { ...adapter, options: () => undefined }),
      "golden centering: expected a case with options, got none.",
    );
  });
  test("says which number of which tensor deviates", () => {
    const file = fileOf({ ...one, steps: [{ ...step, output: t(-2, 2.5) }] });
    expectRefusal(
      "deviation",
      () => goldenSuite(file, centering, adapter)[0]!.run(),
      "golden two steps, step 0, output[1]: expected 2.5 within 1e-9, got 2 (relative error 2.0e-1).",
    );
  });
});

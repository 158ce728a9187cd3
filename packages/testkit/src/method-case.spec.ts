import { add, mul, square, tensor } from "@evenkeel/autodiff";
import type { Card } from "@evenkeel/norm-core";
import { describe, expect, test } from "vitest";
import type { Check } from "./check.ts";
import type { GoldenCase, GoldenFile, GoldenTensor } from "./golden-file.ts";
import { type GoldenProgram, type MethodCase, methodSuite, runProgram } from "./method-case.ts";

const numbers = (...data: number[]): GoldenTensor => ({ shape: [data.length], data });

// y = w·x, and beside it x²; the state counts.
const goldenCase: GoldenCase = {
  name: "scale",
  config: { component: "scale" },
  mode: "train",
  params: { w: numbers(3) },
  buffersBefore: { count: numbers(0) },
  steps: [1, 2].map((count) => ({
    inputs: { x: numbers(5) },
    gradOutput: numbers(2),
    output: numbers(15),
    gradInputs: { x: numbers(2 * 3 + 10 * 10) },
    gradParams: { w: numbers(10) },
    buffersAfter: { count: numbers(count) },
    outputs: { squared: numbers(25) },
    gradOutputs: { squared: numbers(10) },
  })),
};
const other: GoldenCase = { ...goldenCase, name: "other", config: { component: "other" } };
const file: GoldenFile = { method: "scale", source: "", notes: "", cases: [goldenCase, other] };

const program: GoldenProgram = {
  method: "scale",
  takes: ({ component }) => component === "scale",
  run: ({ inputs, params, state }) => ({
    output: mul(inputs["x"]!, params["w"]!),
    state: { count: add(state["count"]!, 1) },
    others: { squared: square(inputs["x"]!) },
  }),
};

const card: Card = {
  id: "scale",
  name: "Scale",
  summary: "Scales.",
  tex: "y = wx",
  paper: { title: "On scales", authors: "A. Author", year: 2020 },
  keys: {},
  notes: [],
};

const scale: MethodCase = {
  card,
  call: ([x, w]) => mul(x!, w!),
  draw: (stream) => ({
    inputs: [1, 2].map(() => stream.normal([3], { dtype: "float64" })),
    params: undefined,
  }),
  reference: ([x, w]) => ({ shape: x!.shape, data: x!.data.map((v, i) => v * w!.data[i]!) }),
  golden: [program],
};

const failing = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ name, run }) => {
    try {
      run();
      return [];
    } catch {
      return [name];
    }
  });

describe("a golden program", () => {
  test("runs the cases that it takes, outputs beside the first and the state with them", () => {
    const results = runProgram(file, program);
    expect(results.map((result) => [result.case, result.step])).toEqual([
      ["scale", 0],
      ["scale", 1],
    ]);
    const tensors = results[0]!.comparisons.map(({ tensor }) => tensor).sort();
    expect(tensors).toEqual([
      "buffersAfter.count",
      "gradInputs.x",
      "gradParams.w",
      "output",
      "output.squared",
    ]);
    for (const { comparisons } of results) {
      for (const { error } of comparisons) expect(error).toBe(0);
    }
  });

  test("is wrong where another output, its gradient or the state is", () => {
    const wrong = (changed: Partial<ReturnType<GoldenProgram["run"]>>): number => {
      const run: GoldenProgram["run"] = (call) => ({ ...program.run(call), ...changed });
      const [first] = runProgram(file, { ...program, run });
      return Math.max(...first!.comparisons.map(({ error }) => error));
    };
    expect(wrong({ others: { squared: tensor([24], { dtype: "float64" }) } })).toBeGreaterThan(
      0.03,
    );
    expect(wrong({ state: { count: tensor([5], { dtype: "float64" }) } })).toBe(4);
    expect(() => wrong({ others: {} })).toThrow("golden outputs: expected squared");
  });
});

describe("methodSuite", () => {
  test("passes what is right, golden cases too", () => {
    const checks = methodSuite(scale, { golden: [file] });
    expect(checks.map(({ name }) => name)).toContain("golden scale: scale");
    expect(failing(checks)).toEqual([]);
  });

  test("finds a function that is not its reference", () => {
    const checks = methodSuite(
      { ...scale, call: ([x, w]) => add(mul(x!, w!), 1) },
      { golden: null },
    );
    expect(failing(checks)).toEqual(["scale equals its reference"]);
  });

  test("finds a golden number that is off", () => {
    const steps = goldenCase.steps.map((step) => ({ ...step, output: numbers(15.1) }));
    const off = { ...file, cases: [{ ...goldenCase, steps }] };
    expect(failing(methodSuite(scale, { golden: [off] }))).toEqual(["golden scale: scale"]);
  });

  test("refuses to leave a golden file out, or to find no case in one", () => {
    expect(() => methodSuite(scale)).toThrow(
      "methodSuite of scale: expected the golden file of scale",
    );
    expect(() => methodSuite(scale, { golden: [{ ...file, cases: [other] }] })).toThrow(
      "golden scale: expected a case to take, got none.",
    );
  });
});

test("a gradient that is 0 but for rounding is judged by what cancelled in it", () => {
  const none = (noise: number): GoldenFile => {
    const [step] = goldenCase.steps;
    const expected = { gradInputs: { x: numbers(noise) }, gradParams: {} };
    const steps = [{ ...step!, ...expected, gradOutputs: {}, output: numbers(0) }];
    return { ...file, cases: [{ ...goldenCase, steps }] };
  };
  const vanishing: GoldenProgram = {
    ...program,
    run: (call) => ({ ...program.run(call), output: mul(call.inputs["x"]!, 0) }),
  };
  const worst = (noise: number): number =>
    runProgram(none(noise), vanishing)[0]!.comparisons.find((c) => c.tensor === "gradInputs.x")!
      .error;
  expect(worst(1e-15)).toBeLessThan(1e-14);
  expect(worst(1e-9)).toBe(1);
});

import {
  abs,
  type DType,
  defineOp,
  exp,
  matmul,
  mul,
  random,
  relu,
  softmax,
  sqrt,
  square,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { checkGradients, GradientError, gradientReport } from "./gradients.ts";
import { expectRefusal } from "./refusal.ts";

const dtype: DType = "float64";
const x = random(1).normal([3, 4], { dtype });

/** x³ with the right first derivative, made so that the second one is missing. */
const halfCube = defineOp<void>({
  name: "halfCube",
  shape: ([t]) => t!,
  kernel(out, [t]) {
    t!.data.forEach((v: number, i: number) => {
      out.data[i] = v ** 3;
    });
  },
  vjp: (g, _y, [t]) => [mul(g, mul(3, square(stopGradient(t!))))],
});

function figuresOf(call: () => unknown): GradientError["figures"] {
  try {
    call();
  } catch (error) {
    if (error instanceof GradientError) return error.figures;
    throw error;
  }
  return expect.unreachable("no GradientError");
}

describe("checkGradients", () => {
  test("passes right gradients of three orders, far below the tolerances", () => {
    const w = random(2).normal([4, 2], { dtype });
    const f = (at: { x: Tensor; list: readonly Tensor[] }): Tensor =>
      softmax(matmul(exp(at.x), at.list[0]!));
    const figures = checkGradients(f, { x, list: [w] }, { order: 3 });
    expect(figures.map(({ order, verdict }) => [order, verdict])).toEqual([
      [1, "right"],
      [2, "right"],
      [3, "right"],
    ]);
    for (const { relativeError, tolerance } of figures) {
      expect(relativeError).toBeLessThan(tolerance / 100);
    }
  });
  test("takes functions with several outputs, and passes ones that are constant", () => {
    checkGradients((at) => ({ a: exp(at), b: [square(at)] }), x, { order: 2 });
    checkGradients(() => zeros([2], { dtype }), x, { order: 3 });
  });
  test("finds a wrong gradient and says whose it is", () => {
    const f = (at: { p: { w: Tensor; b: Tensor } }): Tensor =>
      mul(exp(at.p.b), mul(at.p.w, stopGradient(at.p.w)));
    const call = (): unknown => checkGradients(f, { p: { b: x, w: x } });
    expect(figuresOf(call)).toMatchObject({ order: 1, verdict: "wrong", argument: "p.w" });
    expect(call).toThrow(
      /^checkGradients, order 1, p\.w: expected the derivative along a direction within 1e-7, got -?\d.* where differences give -?\d.* \(relative error \d\.\de-\d\)\. The vjp of an op on the way is wrong, or something that depends on the argument was held constant\.$/,
    );
  });
  test("finds an error of one part in a million", () => {
    const off = defineOp<void>({
      name: "off",
      shape: ([t]) => t!,
      kernel: (out, [t]) => out.data.set(exp(t!).data),
      vjp: (g, y) => [mul(g, mul(y, 1 + 1e-6))],
    });
    expect(figuresOf(() => checkGradients((at) => off([at], undefined), x)).verdict).toBe("wrong");
  });
  test("finds a gradient that is right but does not differentiate again", () => {
    const call = (): unknown => checkGradients((at) => halfCube([at], undefined), x, { order: 3 });
    expect(figuresOf(call)).toMatchObject({ order: 2, analytic: 0, argument: "the argument" });
    expect(call).toThrow(
      "Lower orders are right: a gradient rule uses numbers that it should compute with ops.",
    );
  });
  test.each([
    ["abs at 0", abs, 0],
    ["relu a hair from 0", relu, 1e-7],
    ["sqrt at 0", sqrt, 0],
  ])("calls %s not smooth, instead of blaming the gradient", (_name, f, at) => {
    const sample = tensor([at, 1], { dtype });
    const call = (): unknown => checkGradients((t) => f(t), sample);
    expect(figuresOf(call).verdict).toBe("not smooth");
    expect(call).toThrow(
      "Not smooth here: keep the sample away from kinks and jumps (relu and abs from 0, max from ties), and the numbers from overflow.",
    );
  });
  test("checks near a kink, as long as there is room", () => {
    checkGradients((t) => relu(t), tensor([1e-3, -1e-3], { dtype }), { order: 2 });
  });
  test("blames a gradient that is NaN where the function is smooth", () => {
    const broken = defineOp<void>({
      name: "broken",
      shape: ([t]) => t!,
      kernel: (out, [t]) => out.data.set(t!.data),
      vjp: (g) => [mul(g, Number.NaN)],
    });
    const { verdict, relativeError } = figuresOf(() =>
      checkGradients((t) => broken([t], undefined), x),
    );
    expect([verdict, relativeError]).toEqual(["wrong", Number.NaN]);
  });
  test("demands the same bits from a second backward run", () => {
    let calls = 0;
    const drifting = defineOp<void>({
      name: "drifting",
      shape: ([t]) => t!,
      kernel: (out, [t]) => out.data.set(t!.data),
      vjp: (g) => [mul(g, 1 + 1e-15 * calls++)],
    });
    const call = (): unknown => checkGradients((t) => drifting([t], undefined), x);
    expect(figuresOf(call).verdict).toBe("not reproducible");
    expect(call).toThrow(
      "expected the same bits twice, got other ones when the backward ran again.",
    );
  });
  test("refuses float32, with the place and what to do", () => {
    const hint =
      'Make them with { dtype: "float64" } or cast(x, "float64"): differences of float32 numbers say nothing about a gradient.';
    expectRefusal(
      "float32 argument",
      () => checkGradients(({ p }) => exp(p[1]), { p: [x, zeros([2])] as const }),
      `checkGradients: expected float64 tensors, got float32 in p[1]. ${hint}`,
    );
    expectRefusal(
      "float32 result",
      () => checkGradients(() => zeros([2]), x),
      `checkGradients: expected float64 tensors, got float32 in the result. ${hint}`,
    );
    expectRefusal(
      "no tensors",
      () => checkGradients(() => x, {}),
      "checkGradients: expected a tensor in the argument, got none.",
    );
  });
});

test("gradientReport gives the figures of every order and does not throw", () => {
  const report = gradientReport((at) => halfCube([at], undefined), x, { order: 3 });
  expect(report.map((figures) => figures.verdict)).toEqual(["right", "wrong", "right"]);
  expect(report[1]!.complaint).toMatch(/^0 where differences give/);
});

test("another seed tries another direction, the same one gives the same figures", () => {
  const run = (seed: number): number => gradientReport((at) => exp(at), x, { seed })[0]!.analytic;
  expect(run(3)).toBe(run(3));
  expect(run(3)).not.toBe(run(4));
});

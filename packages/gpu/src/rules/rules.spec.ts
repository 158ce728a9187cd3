import {
  add,
  cast,
  cpu,
  div,
  gather,
  matmul,
  max,
  random,
  rsqrt,
  scatterAdd,
  stopGradient,
  sub,
  sum,
  type Tensor,
  useBackend,
  vjp,
} from "@evenkeel/autodiff";
import {
  Adam,
  AdamW,
  avgPool2d,
  conv2d,
  crossEntropy,
  Module,
  maxPool2d,
  Parameter,
  SGD,
} from "@evenkeel/nn";
import { opCases as opCasesOfNn } from "@evenkeel/nn/op-cases";
import { type Layout, normalizePlanes } from "@evenkeel/norm-core";
import { backendSuite, backendTolerance, expectClose, type NumbersLike } from "@evenkeel/testkit";
import { opCases } from "@evenkeel/testkit/op-cases";
import { afterEach, describe, expect, test } from "vitest";
import { Recorder } from "../backend.ts";
import { javaScriptDevice } from "../javascript-device.ts";

const { output, gradient } = backendTolerance("gpu");

afterEach(() => useBackend(cpu));

async function numbersOf(t: Tensor): Promise<NumbersLike> {
  return { shape: t.shape, data: await t.read() };
}

/** A call and its gradients: by the rules in float32, by the plain kernels in float64. */
async function expectAgreement(
  call: (...x: Tensor[]) => Tensor,
  shapes: Readonly<Record<string, number[]>>,
): Promise<void> {
  const drawn = Object.values(shapes).map((shape, i) => random(i + 1).normal(shape));
  const solve = (inputs: readonly Tensor[]): Tensor[] => {
    const { value, pullback } = vjp(call, ...inputs);
    const g = cast(random(9).normal(value.shape), value.dtype);
    return [value, ...(pullback(g) as Tensor[])];
  };
  const expected = solve(drawn.map((t) => cast(t, "float64")));
  useBackend(new Recorder(javaScriptDevice()));
  const found = await Promise.all(solve(drawn).map(numbersOf));
  found.forEach((t, i) => {
    const what = i === 0 ? "result" : `gradient of input ${i - 1}`;
    expectClose(what, t, expected[i]!, i === 0 ? output : gradient);
  });
}

describe("rules, in JavaScript,", () => {
  for (const op of [...opCases, ...opCasesOfNn]) {
    for (const { name, run } of backendSuite(op, new Recorder(javaScriptDevice()))) test(name, run);
  }

  const indices = Array.from({ length: 150 }, (_, i) => (i * i) % 7);
  const wide = { stride: [2, 1], padding: [1, 2], dilation: [1, 2] } as const;
  const apart = { stride: [2, 3], padding: 2, dilation: [3, 2] } as const;
  const far = { ...apart, kernelSize: 3, padding: 1 } as const;
  const dilated = { kernelSize: 3, stride: [2, 1], padding: 1, dilation: [1, 2] } as const;

  test.each<[string, (...x: Tensor[]) => Tensor, Readonly<Record<string, number[]>>]>([
    ["sums in parts", matmul, { a: [3, 2000], b: [2000, 2] }],
    ["parts of unequal length", matmul, { a: [2, 2, 1031], b: [2, 1031, 3] }],
    ["no terms", matmul, { a: [2, 0], b: [0, 3] }],
    ["many indices", (x) => gather(x, indices, { axis: 1 }), { x: [2, 8, 3] }],
    ["many places", (x) => scatterAdd(x, indices, 8, { axis: 1 }), { x: [2, 150, 3] }],
    ["many channels", (x, w) => conv2d(x, w), { x: [1, 601, 2, 3], w: [3, 601, 1, 2] }],
    ["large images", (x, w) => conv2d(x, w, wide), { x: [3, 2, 23, 21], w: [4, 2, 3, 2] }],
    ["far apart taps", (x, w) => conv2d(x, w, apart), { x: [2, 2, 11, 12], w: [3, 2, 3, 3] }],
    ["narrow images", (x, w) => conv2d(x, w, { padding: 2 }), { x: [2, 2, 4, 1], w: [3, 2, 3, 3] }],
    ["far apart windows", (x) => maxPool2d(x, far), { x: [1, 2, 11, 12] }],
    ["sums of pieces of rows", (x) => sum(x, { axes: [0, 2] }), { x: [3, 2, 1024] }],
    ["sums of short rows", (x) => sum(x, { axes: [0, 2] }), { x: [512, 2, 6] }],
    ["sums across rows", (x) => sum(x, { axes: [0, 2] }), { x: [37, 2, 31] }],
    ["sums of parts of unequal length", (x) => sum(x, { axes: 0 }), { x: [1031, 2] }],
    ["the largest of many", (x) => max(x, { axes: [0, 2] }), { x: [37, 2, 31] }],
    ["many classes", (z) => crossEntropy(z, [3, 5], { labelSmoothing: 0.1 }), { z: [2, 1300] }],
    ["dilated windows", (x) => maxPool2d(x, dilated), { x: [2, 3, 9, 8] }],
    ["equal elements", (x) => maxPool2d(sub(x, stopGradient(x)), dilated), { x: [1, 2, 6, 5] }],
    ["windows with gaps", (x) => avgPool2d(x, { kernelSize: 2, stride: 3 }), { x: [2, 3, 9, 8] }],
  ])("agree with float64 for %s", (_, call, shapes) => expectAgreement(call, shapes));

  test.each<Layout>([
    { samples: 1, outer: 3, channels: 2, inner: 1024 },
    { samples: 1, outer: 37, channels: 2, inner: 31 },
    { samples: 2, outer: 1, channels: 3, inner: 521 },
    { samples: 1, outer: 1031, channels: 2, inner: 1 },
    { samples: 301, outer: 2, channels: 3, inner: 2 },
  ])("agree with float64 for planes %j", (layout) => {
    const { samples, outer, channels, inner } = layout;
    const call = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
      normalizePlanes(
        x,
        {},
        ({ count, mean, m2 }) => {
          const scale = rsqrt(add(div(m2, count), 0.1));
          return { center: mean, scale, shift: scale };
        },
        { layout, weight, bias, activation: "relu" },
      ).output;
    const along = [outer * inner];
    return expectAgreement(call, {
      x: [samples, outer, channels, inner],
      weight: along,
      bias: along,
    });
  });
});

class Weights extends Module {
  readonly weight = new Parameter(random(1).normal([7]));
  override forward(x: Tensor): Tensor {
    return x;
  }
}

describe.each([
  ["Adam", (model: Module) => new Adam(model, { lr: 0.1, weightDecay: 0.1 })],
  ["AdamW", (model: Module) => new AdamW(model, { lr: 0.1, weightDecay: 0.1 })],
  ["SGD", (model: Module) => new SGD(model, { lr: 0.1, momentum: 0.9, nesterov: true })],
] as const)("%s by the rules, in JavaScript,", (_, make) => {
  /** The weights after some steps with falling rates. */
  async function trained(after: () => Promise<void>): Promise<NumbersLike> {
    const model = new Weights();
    const optimizer = make(model);
    for (let step = 1; step <= 6; step++) {
      optimizer.lr = 0.1 / step;
      optimizer.step({ weight: random(step + 2).normal([7]) });
      await after();
    }
    return numbersOf(model.weight.value);
  }

  test("takes the plain kernels' steps, with the same kernels for every rate", async () => {
    const expected = await trained(async () => {});
    const backend = new Recorder(javaScriptDevice());
    useBackend(backend);
    const kernels: number[] = [];
    const found = await trained(async () => {
      await backend.flush();
      kernels.push(backend.compiled);
    });
    expectClose("weights", found, expected, output);
    expect(kernels.at(-1)).toBe(kernels[1]);
  });
});

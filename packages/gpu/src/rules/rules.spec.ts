import {
  cast,
  cpu,
  gather,
  matmul,
  random,
  scatterAdd,
  stopGradient,
  sub,
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
  const dilated = { kernelSize: 3, stride: [2, 1], padding: 1, dilation: [1, 2] } as const;

  test.each<[string, (...x: Tensor[]) => Tensor, Readonly<Record<string, number[]>>]>([
    ["sums in parts", matmul, { a: [3, 2000], b: [2000, 2] }],
    ["parts of unequal length", matmul, { a: [2, 2, 1031], b: [2, 1031, 3] }],
    ["no terms", matmul, { a: [2, 0], b: [0, 3] }],
    ["many indices", (x) => gather(x, indices, { axis: 1 }), { x: [2, 8, 3] }],
    ["many places", (x) => scatterAdd(x, indices, 8, { axis: 1 }), { x: [2, 150, 3] }],
    ["many channels", (x, w) => conv2d(x, w), { x: [1, 601, 2, 3], w: [3, 601, 1, 2] }],
    ["large images", (x, w) => conv2d(x, w, wide), { x: [3, 2, 23, 21], w: [4, 2, 3, 2] }],
    ["many classes", (z) => crossEntropy(z, [3, 5], { labelSmoothing: 0.1 }), { z: [2, 1300] }],
    ["dilated windows", (x) => maxPool2d(x, dilated), { x: [2, 3, 9, 8] }],
    ["equal elements", (x) => maxPool2d(sub(x, stopGradient(x)), dilated), { x: [1, 2, 6, 5] }],
    ["windows with gaps", (x) => avgPool2d(x, { kernelSize: 2, stride: 3 }), { x: [2, 3, 9, 8] }],
  ])("agree with float64 for %s", (_, call, shapes) => expectAgreement(call, shapes));
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

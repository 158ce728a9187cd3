import { cpu, random, type Tensor, type Tree, useBackend } from "@evenkeel/autodiff";
import { type Mode, training } from "@evenkeel/norm-core";
import {
  backendTolerance,
  checkGradients,
  drawSample,
  expectClose,
  normSuite,
  remoteBackend,
  stepKernels,
} from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import golden from "../../golden/pbn.json" with { type: "json" };
import { patchAwareBatchNormCase } from "./patch-aware-batch-norm.case.ts";
import { type PatchPlan, patchAwareBatchNorm } from "./patch-aware-batch-norm.ts";

const quarters: PatchPlan = {
  first: {
    rowSplit: 2,
    colSplit: 3,
    ownStatistics: [
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ],
  },
  second: {
    rowSplit: 3,
    ownStatistics: [
      [0, 1],
      [1, 0],
    ],
  },
  useSecond: [0, 1],
};

afterEach(() => useBackend(cpu));

describe("patchAwareBatchNorm", () => {
  const suite = normSuite(patchAwareBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm, however the image is cut", () => {
    for (const rowSplit of [undefined, 3]) {
      const plan = { first: { rowSplit, colSplit: 2 }, second: {}, useSecond: [0, 1, 1, 0] };
      const one = { ...patchAwareBatchNormCase, condition: () => ({ plan }) };
      expect(stepKernels(one)).toEqual({
        forward: ["planeMoments", "planeAffine"],
        backward: ["planeSums", "planeCombine"],
      });
    }
  });
});

describe("the gradient of patchAwareBatchNorm", () => {
  const resting: Mode = { statistics: "batch", update: false };
  const own: PatchPlan = { first: { rowSplit: 2, colSplit: 3 }, second: {}, useSecond: [0, 1] };
  test.each<[string, Mode, PatchPlan]>([
    ["quarters and halves where running statistics rest", resting, quarters],
    ["quarters by their own statistics, which move running ones", training, own],
  ])("equals finite differences in orders 1 to 3 for %s", (_, mode, plan) => {
    for (const seed of [1, 2, 3]) {
      const { options, ...norm } = patchAwareBatchNormCase;
      const shape = [2, 2, 5, 6];
      const sample = drawSample({ ...norm, options }, shape, options(2, shape)[0]!, mode, seed);
      const { bound, x, params, state } = sample;
      const call = (at: Record<string, Tree>): Tensor =>
        bound.apply(at["x"] as Tensor, at["params"] as typeof params, state, {
          mode,
          condition: { plan },
        }).output;
      checkGradients(call, { x, params }, { order: 3, seed });
    }
  });
});

describe("choices of patchAwareBatchNorm that nobody scripts", () => {
  const shape = [2, 4, 8, 8];
  const { x } = drawSample(patchAwareBatchNormCase, shape, { numFeatures: 4 }, training, 1);
  const run = (seed: number, calls: number): number[] => {
    const norm = patchAwareBatchNorm({ numFeatures: 4, seed });
    let { params, state } = norm.init({ dtype: "float64" });
    const found: number[] = [];
    for (let i = 0; i < calls; i++) {
      const { output, state: next } = norm.apply(x, params, state);
      state = next;
      found.push(output.data[0]!, output.data[output.size - 1]!);
    }
    return found;
  };

  test("come from the seed and the state: another call, another choice", () => {
    expect(run(1, 4)).toEqual(run(1, 4));
    expect(run(1, 4)).not.toEqual(run(2, 4));
    expect(new Set(run(1, 6)).size).toBeGreaterThan(6);
  });

  test("have to come from the condition where the backend's memory is not in the process", async () => {
    const call = (): Tensor => {
      const norm = patchAwareBatchNorm({ numFeatures: 4 });
      const { params, state } = norm.init();
      const condition = { random: random(2) };
      return norm.apply(random(1).normal(shape), params, state, { condition }).output;
    };
    const expected = call();
    useBackend(remoteBackend());
    const found = { shape, data: await call().read() };
    expectClose("output", found, expected, backendTolerance("remote").output);
    const norm = patchAwareBatchNorm({ numFeatures: 4 });
    const { params, state } = norm.init();
    expect(() => norm.apply(random(1).normal(shape), params, state)).toThrow(
      "patchAwareBatchNorm: expected random or plan in the condition, where memory cannot be looked " +
        "at, got neither. Pass for example { random: random(1) }.",
    );
  });
});

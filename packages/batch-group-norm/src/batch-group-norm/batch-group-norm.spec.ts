import { random, type Tensor } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import {
  checkGradients,
  drawSample,
  expectClose,
  ndarray,
  normSuite,
  stepKernels,
  tolerances,
} from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/batch-group-norm.json" with { type: "json" };
import { batchGroupNormCase } from "./batch-group-norm.case.ts";
import { batchGroupNormReference } from "./batch-group-norm.reference.ts";
import { batchGroupNorm } from "./batch-group-norm.ts";

describe("batchGroupNorm", () => {
  const suite = normSuite(batchGroupNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test.each([
    ["of whole channels", 2],
    ["inside channels", 16],
    ["of one value", 256],
  ])("a step with groups %s costs the four kernels of batch norm", (_, numGroups) => {
    const options = (numFeatures: number) => [{ numFeatures, numGroups }];
    expect(stepKernels({ ...batchGroupNormCase, options })).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });

  test.each([
    ["across channels", 2],
    ["inside channels", 6],
  ])("groups of long runs %s equal the reference, gradients to the third order", (_, numGroups) => {
    const options = { numFeatures: 3, numGroups };
    const sample = drawSample(batchGroupNormCase, [2, 3, 7, 8], options, training, 1);
    const { bound, x, params, state, seed } = sample;
    const { output } = bound.apply(x, params, state);
    const plain = (t: Tensor) => ndarray(t.shape, t.data);
    const all = (tensors: Tensors) =>
      Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, plain(t)]));
    const expected = batchGroupNormReference({
      ...{ x: plain(x), params: all(params), state: all(state), mode: training, options },
      condition: undefined,
    });
    expectClose("output", output, expected.output, tolerances.reference);
    const call = (at: { x: Tensor }) => bound.apply(at.x, params, state).output;
    checkGradients(call, { x }, { order: 3, seed });
  });

  test("evaluation takes any number of samples, whatever the groups", () => {
    const bound = batchGroupNorm({ numFeatures: 3, numGroups: 2 });
    const { params, state } = bound.init();
    const trained = bound.apply(random(1).normal([4, 3, 2]), params, state);
    const alone = bound.apply(random(2).normal([1, 3, 2]), params, trained.state, {
      mode: evaluation,
    });
    expect(alone.output.shape).toEqual([1, 3, 2]);
  });
});

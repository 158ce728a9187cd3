import { random, type Tensor } from "@evenkeel/autodiff";
import { NormModule, norm } from "@evenkeel/nn";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import { checkGradients } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import {
  adaBatchNorm,
  alphaBatchNorm,
  emaAdaptiveBatchNorm,
  partlyAdaptiveBatchNorm,
  predictionTimeBatchNorm,
} from "./index.ts";

const options = { numFeatures: 3 };
const x = random(1).normal([4, 3, 2, 2], { dtype: "float64", mean: 1 });
const norms = {
  alphaBatchNorm: alphaBatchNorm(options),
  partlyAdaptiveBatchNorm: partlyAdaptiveBatchNorm(options),
  emaAdaptiveBatchNorm: emaAdaptiveBatchNorm(options),
};

describe("norms whose target statistics are constants", () => {
  test.each(Object.entries(norms))("%s has right gradients in training", (_, bound) => {
    const { params, state } = bound.init({ dtype: "float64" });
    const output = (at: { x: Tensor; params: Tensors }): Tensor =>
      bound.apply(at.x, at.params, state, { mode: training }).output;
    checkGradients(output, { x, params }, { order: 3 });
  });

  test("alphaBatchNorm has them in evaluation, too, with gradThroughStats", () => {
    const bound = alphaBatchNorm({ ...options, gradThroughStats: true, sourceWeight: 0.4 });
    const { params, state } = bound.init({ dtype: "float64" });
    const output = (at: { x: Tensor; params: Tensors }): Tensor =>
      bound.apply(at.x, at.params, state, { mode: evaluation }).output;
    checkGradients(output, { x, params }, { order: 3 });
  });
});

describe("norms of test time in a network", () => {
  const target = random(2).normal([4, 3, 2, 2], { mean: 2 });
  const source = norm(predictionTimeBatchNorm, options);
  source.forward(random(3).normal([16, 3, 2, 2]));

  test.each([adaBatchNorm, alphaBatchNorm, partlyAdaptiveBatchNorm, emaAdaptiveBatchNorm])(
    "load a batch norm's parameters and statistics by name (%#)",
    (kind) => {
      const module = norm(kind, options);
      const { missing, unexpected } = module.loadStateDict(source.stateDict(), { strict: false });
      expect(unexpected).toEqual([]);
      expect(missing.every((name) => /^(estimated|sample)/.test(name))).toBe(true);
    },
  );

  test("go on from a saved state with the same bits", () => {
    const make = () => {
      const module = norm(emaAdaptiveBatchNorm, options).eval();
      module.pinned = { update: true };
      return module;
    };
    const straight = make();
    straight.forward(target);
    const resumed = make();
    resumed.loadStateDict(straight.stateDict());
    const next = random(4).normal([2, 3, 4, 4]);
    expect(resumed.forward(next).data).toEqual(straight.forward(next).data);
    expect(resumed.stateDict()["running_var"]!.data).toEqual(
      straight.stateDict()["running_var"]!.data,
    );
  });

  test("EMA-adaptive norm remembers nothing unless it is told to update", () => {
    const module = norm(emaAdaptiveBatchNorm, options).eval();
    expect(module).toBeInstanceOf(NormModule);
    const once = module.forward(target).data;
    expect(module.forward(target).data).toEqual(once);
    expect(module.stateDict()["num_batches_tracked"]!.item()).toBe(0);
  });
});

import { random, type Tensor } from "@evenkeel/autodiff";
import { checkGradients, normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/moving-average-bn.json" with { type: "json" };
import { movingAverageBatchNormCase } from "./moving-average-batch-norm.case.ts";
import { movingAverageBatchNorm } from "./moving-average-batch-norm.ts";

describe("movingAverageBatchNorm", () => {
  for (const { name, run } of normSuite(movingAverageBatchNormCase, { golden: [golden] })) {
    test(name, run);
  }

  test("in the warm-up gradients are derivatives", () => {
    const bound = movingAverageBatchNorm({ numFeatures: 2 });
    const { params, state } = bound.init({ dtype: "float64" });
    const x = random(1).normal([3, 2, 4], { dtype: "float64" });
    const apply = (at: { readonly x: Tensor; readonly params: typeof params }): Tensor =>
      bound.apply(at.x, at.params, state).output;
    checkGradients(apply, { x, params }, { order: 1 });
  });
});

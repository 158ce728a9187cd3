import { random, type Tensor } from "@evenkeel/autodiff";
import { checkGradients, normSuite } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import golden from "../../golden/class-conditional-batch-norm.json" with { type: "json" };
import searchGolden from "../../golden/sandwich-batch-norm-nas.json" with { type: "json" };
import { classConditionalBatchNormCase } from "./class-conditional-batch-norm.case.ts";
import { classConditionalBatchNorm } from "./class-conditional-batch-norm.ts";

describe("classConditionalBatchNorm", () => {
  const suite = normSuite(classConditionalBatchNormCase, { golden: [golden, searchGolden] });
  for (const { name, run } of suite) test(name, run);

  test("gradients reach soft classes, in orders 1 to 3", () => {
    const stream = random(1);
    const draw = (...shape: number[]) => stream.normal(shape, { dtype: "float64" });
    const bn = classConditionalBatchNorm({ numFeatures: 2, numClasses: 4 });
    const { state } = bn.init({ dtype: "float64" });
    const params = { gammaEmbed: draw(4, 2), betaEmbed: draw(4, 2) };
    const f = ({ x, classes }: { x: Tensor; classes: Tensor }): Tensor =>
      bn.apply(x, params, state, { condition: { classes } }).output;
    checkGradients(f, { x: draw(3, 2, 4), classes: draw(3, 4) }, { order: 3, seed: 1 });
  });
});

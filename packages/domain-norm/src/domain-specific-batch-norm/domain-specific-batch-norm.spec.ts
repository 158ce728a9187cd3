import { random, slice } from "@evenkeel/autodiff";
import { norm } from "@evenkeel/nn";
import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import paired from "../../golden/domain-specific-batch-norm.json" with { type: "json" };
import golden from "../../golden/dsbn.json" with { type: "json" };
import { domainSpecificBatchNormCase } from "./domain-specific-batch-norm.case.ts";
import { domainSpecificBatchNorm } from "./domain-specific-batch-norm.ts";

describe("domainSpecificBatchNorm", () => {
  for (const { name, run } of normSuite(domainSpecificBatchNormCase, { golden: [golden, paired] }))
    test(name, run);

  test("a step of mixed or of single domains costs the four kernels of batch norm", () => {
    const condition = (ids: number | readonly number[]) => () => ({ domain: ids });
    for (const ids of [1, [0, 1, 1, 0, 1, 0]]) {
      expect(stepKernels({ ...domainSpecificBatchNormCase, condition: condition(ids) })).toEqual({
        forward: ["planeMoments", "planeAffine"],
        backward: ["planeSums", "planeCombine"],
      });
    }
  });

  test("has the official keys, a row of each table under a key of its own", () => {
    const module = norm(domainSpecificBatchNorm, { numFeatures: 3, numDomains: 2 });
    module.forward(random(1).normal([4, 3, 2]), { domain: 1 });
    const dict = module.stateDict();
    expect(Object.keys(dict).sort()).toEqual(
      ["bias", "num_batches_tracked", "running_mean", "running_var", "weight"]
        .flatMap((name) => [`bns.0.${name}`, `bns.1.${name}`])
        .sort(),
    );
    expect(dict["bns.1.num_batches_tracked"]!.item()).toBe(1);
    const running = module.state["runningMean"]!.value;
    expect(dict["bns.1.running_mean"]!.data).toEqual(slice(running, [1], [2]).data);
  });
});

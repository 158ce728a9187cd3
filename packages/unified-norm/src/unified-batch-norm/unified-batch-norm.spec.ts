import { random, tensor } from "@evenkeel/autodiff";
import { expectClose, normSuite, stepKernels, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/ubn.json" with { type: "json" };
import { unifiedBatchNormCase } from "./unified-batch-norm.case.ts";
import { meanCosine } from "./unified-batch-norm.reference.ts";
import { featureSimilarity, type UnifiedBatchNormOptions } from "./unified-batch-norm.ts";

const four = {
  forward: ["planeMoments", "planeAffine"],
  backward: ["planeSums", "planeCombine"],
};

describe("unifiedBatchNorm", () => {
  for (const { name, run } of normSuite(unifiedBatchNormCase, { golden: [golden] }))
    test(name, run);

  const kernels = (options: Partial<UnifiedBatchNormOptions>): ReturnType<typeof stepKernels> =>
    stepKernels({
      ...unifiedBatchNormCase,
      options: (numFeatures) => [{ numFeatures, condensationThreshold: 0.9, ...options }],
    });
  test("a step without threshold and convolution costs the four kernels of batch norm", () => {
    const options = { condensationThreshold: Number.POSITIVE_INFINITY, affineKernel: 1 };
    expect(kernels(options)).toEqual(four);
  });
  test("a threshold costs two passes more", () => {
    const { forward, backward } = kernels({ affineKernel: 1 });
    expect(forward).toEqual(["planeMoments", "matmul", ...four.forward]);
    expect(backward).toEqual(four.backward);
  });
  test("a convolution costs what a depthwise convolution costs", () => {
    const { forward, backward } = kernels({ condensationThreshold: Number.POSITIVE_INFINITY });
    expect(forward).toEqual([...four.forward, "conv2d", "add"]);
    expect(backward.slice(-2)).toEqual(four.backward);
    expect(backward.filter((k) => k.startsWith("conv2d"))).toHaveLength(2);
  });
});

describe("featureSimilarity", () => {
  test("is the mean cosine over pairs of samples", () => {
    for (const [seed, shape] of [
      [1, [5, 3, 2, 2]],
      [2, [2, 7]],
      [3, [1, 4]],
    ] as const) {
      const x = random(seed).normal(shape, { mean: 0.3, dtype: "float64" });
      const expected = {
        shape: [],
        data: Float64Array.of(meanCosine({ shape, data: Float64Array.from(x.data) })),
      };
      expectClose("similarity", featureSimilarity(x), expected, tolerances.reference);
    }
  });
  test("is 1 of samples that differ in scale alone; those of zeros are like none", () => {
    const x = tensor([1, 2, 3, 10, 20, 30], { shape: [2, 3] });
    expect(featureSimilarity(x).item()).toBeCloseTo(1, 6);
    expect(featureSimilarity(tensor([0, 0, 1, 0], { shape: [2, 2] })).item()).toBe(0);
  });
});

import { normSuite, stepKernels } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bne.json" with { type: "json" };
import { batchNormEmbeddingsCase } from "./batch-norm-embeddings.case.ts";

describe("batchNormEmbeddings", () => {
  for (const { name, run } of normSuite(batchNormEmbeddingsCase, { golden: [golden] }))
    test(name, run);

  test("a step of mixed domains costs the four kernels of batch norm", () => {
    const condition = () => ({ domain: [0, 1, 1, 0, 1, 0] });
    expect(stepKernels({ ...batchNormEmbeddingsCase, condition })).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });
});

import { stepKernels } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";

const four = {
  forward: ["planeMoments", "planeAffine"],
  backward: ["planeSums", "planeCombine"],
};

describe("a training step in passes over memory", () => {
  for (const [id, norm] of Object.entries(cases)) {
    test(`of ${id} is the same on WebAssembly as on the CPU, its planes in kernels of its own`, () => {
      const backend = wasm();
      const kernels = stepKernels(norm, backend);
      expect(kernels).toEqual(stepKernels(norm));
      const plain = [...kernels.forward, ...kernels.backward].filter((k) =>
        backend.fallbacks.has(k),
      );
      expect(plain.filter((k) => k.startsWith("plane"))).toEqual([]);
    });
  }

  for (const id of [
    "auxiliaryBatchNorm",
    "splitBatchNorm",
    "bigganBatchNorm",
    "classConditionalBatchNorm",
    "conditionalBatchNorm",
    "filmBatchNorm",
    "instanceEnhancementBatchNorm",
    "representativeBatchNorm",
    "sandwichAuxBatchNorm",
    "sandwichBatchNorm",
    "sandwichBatchNormNas",
  ]) {
    test(`of ${id} costs what one of batch norm costs`, () => {
      expect(stepKernels(cases[id]!)).toEqual(four);
      expect(stepKernels(cases["batchNorm"]!)).toEqual(four);
    });
  }
});

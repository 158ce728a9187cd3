import { opCases as opCasesOfNn } from "@evenkeel/nn/op-cases";
import { backendSuite } from "@evenkeel/testkit";
import { opCases } from "@evenkeel/testkit/op-cases";
import { describe, expect, test } from "vitest";
import { wasm } from "./backend.ts";

for (const op of [...opCases, ...opCasesOfNn]) {
  const backend = wasm();
  describe(op.name, () => {
    for (const { name, run } of backendSuite(op, backend)) test(name, run);
    test(`${op.name} runs on kernels of its own`, () => {
      expect([...backend.fallbacks.keys()]).toEqual([]);
    });
  });
}

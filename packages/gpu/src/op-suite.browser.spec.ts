import { opCases as opCasesOfNn } from "@evenkeel/nn/op-cases";
import { backendSuite } from "@evenkeel/testkit";
import { opCases } from "@evenkeel/testkit/op-cases";
import { afterAll, describe, expect, test } from "vitest";
import { gpu } from "./index.ts";

for (const mode of ["webgpu", "webgl2"] as const) {
  const backend = await gpu({ mode });

  describe(`on ${mode}`, () => {
    afterAll(() => backend.destroy());

    for (const op of [...opCases, ...opCasesOfNn]) {
      // Every shape is a kernel to compile.
      for (const { name, run } of backendSuite(op, backend, { share: 0.1 })) test(name, run);
    }

    test("every op ran on kernels of its own", () => {
      expect(backend.ran).toBe(mode);
      expect(backend.launches).toBeGreaterThan(0);
      expect([...backend.fallbacks]).toEqual([]);
    });
  });
}

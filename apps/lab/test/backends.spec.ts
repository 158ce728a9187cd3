import { cpu, useBackend } from "@evenkeel/autodiff";
import { normSuite } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "../src/norms.ts";

const backend = wasm();

describe("on the WebAssembly backend", () => {
  beforeAll(() => useBackend(backend));
  afterAll(() => useBackend(cpu));

  for (const [id, norm] of Object.entries(cases)) {
    describe(`${id} keeps every promise`, () => {
      // Golden files are compared in float64, which the plain kernels compute there too.
      for (const { name, run } of normSuite(norm, { golden: null, backends: [backend] })) {
        test(name, run);
      }
    });
  }
});

import { cpu, useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import { afterEach, describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";
import { shape, trainConditioned } from "./conditioned-training.ts";

afterEach(() => useBackend(cpu));

/** What the gates, rules and classes of norms compute in float64, of a number or so per plane. */
const few = new Set(["exp", "log", "tanh", "sigmoid", "pow", "matmul"]);

describe("training in float32 on the WebAssembly backend needs no plain kernel for arrays", () => {
  for (const [id, norm] of Object.entries(cases)) {
    for (const options of norm.options(shape[1], shape)) {
      test(`${id} ${JSON.stringify(options)}`, () => {
        const backend = wasm();
        useBackend(backend);
        trainConditioned(norm, options);
        expect([...backend.fallbacks.keys()].filter((name) => !few.has(name))).toEqual([]);
      });
    }
  }
});

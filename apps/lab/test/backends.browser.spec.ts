import { cpu, tensor, useBackend } from "@evenkeel/autodiff";
import { expectClose, normSuite, sameBits, tolerances } from "@evenkeel/testkit";
import { wasm } from "@evenkeel/wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import { cases } from "../src/norms.ts";
import { shortTraining } from "./short-training.ts";

// Node checks every promise of every norm; what a browser may change is how kernels and memory behave.
const wholeSuite = ["batchNorm", "groupNorm"];
const agreement = "float32 on wasm agrees with float64";

describe("on the WebAssembly backend in a browser", () => {
  // Over shared memory where the page may have it.
  const backend = wasm({ threads: "auto" });
  beforeAll(() => useBackend(backend));
  afterAll(() => useBackend(cpu));

  for (const [id, norm] of Object.entries(cases)) {
    const suite = normSuite(norm, { golden: null, backends: [backend] });
    for (const { name, run } of suite) {
      if (name === agreement || wholeSuite.includes(id)) test(`${id}: ${name}`, run);
    }
  }

  test("every norm is compared with float64 that does not except it", () => {
    for (const norm of Object.values(cases)) {
      if (norm.exceptions?.float32 !== undefined) continue;
      const names = normSuite(norm, { golden: null, backends: [backend] }).map(({ name }) => name);
      expect(names).toContain(agreement);
    }
  });
});

describe("a short training in a browser", () => {
  test("has the losses that it has in Node", async () => {
    const inNode = tensor([...(await commands.lossesInNode())]);
    const { cpu: onCpu, wasm: onWasm } = tolerances.backends;
    expectClose("losses", tensor(shortTraining(cpu)), inNode, onCpu.output);
    for (const threads of [1, 2]) {
      const losses = tensor(shortTraining(wasm({ threads })));
      expectClose(`losses with threads: ${threads}`, losses, inNode, onWasm!.output);
    }
  });

  test("learns, and twice the same, whatever the threads", () => {
    const losses = tensor(shortTraining(wasm()));
    expect(losses.data.at(-1)).toBeLessThan(losses.data[0]! / 2);
    for (const threads of [1, 2]) {
      expect(sameBits(tensor(shortTraining(wasm({ threads }))), losses)).toBe(true);
    }
  });
});

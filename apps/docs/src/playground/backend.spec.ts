import { type Backend, cpu, currentBackend, useBackend } from "@evenkeel/autodiff";
import { remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type GpuLibrary, openBackend, type Timing } from "./backend.ts";

afterEach(() => void useBackend(cpu));

/** A library with a GPU, and what was asked of it. */
function gpuOf(speed: "fast" | "slow") {
  const remote = remoteBackend();
  const asked: string[] = [];
  const run: Backend["run"] = () => {
    const until = performance.now() + (speed === "slow" ? 1 : 0);
    while (performance.now() < until);
  };
  const library: GpuLibrary = {
    isAvailable: async () => ({ available: true, mode: "webgpu" }),
    async gpu({ mode = "auto" } = {}) {
      asked.push(mode);
      const ran = mode === "auto" ? "webgpu" : mode;
      return { ...remote, name: "gpu", run, ran, destroy: async () => void asked.push("destroy") };
    },
  };
  return { asked, load: async () => library };
}

const large = { activations: 2 ** 22, timing: undefined };
const never: Timing = { threshold: Number.POSITIVE_INFINITY, reason: "it was slower before" };

describe("a backend that is chosen", () => {
  test("is opened as it is called, and nothing of a GPU is loaded for WebAssembly", async () => {
    const { asked, load } = gpuOf("fast");
    const wasm = await openBackend("wasm", large, () => expect.unreachable("loaded"));
    expect(wasm).toMatchObject({ name: "WebAssembly", threads: 1, reason: undefined });
    expect(currentBackend().name).toBe("wasm");
    const webgl = await openBackend("webgl2", large, load);
    expect(webgl).toMatchObject({ name: "WebGL2", threads: undefined, note: undefined });
    expect(currentBackend().name).toBe("gpu");
    expect(asked).toEqual(["webgl2"]);
  });

  test("gives way to WebAssembly where it does not open, with a note", async () => {
    const { name, note } = await openBackend("webgpu", large);
    expect(name).toBe("WebAssembly");
    expect(note).toMatch(/^WebGPU did not open: gpu: expected .* Using WebAssembly\.$/);
  });
});

describe("the automatic choice", () => {
  test("does not so much as look for a GPU for small layers", async () => {
    const small = { activations: 1024, timing: undefined };
    const opened = await openBackend("auto", small, () => expect.unreachable("loaded"));
    expect(opened).toMatchObject({
      name: "WebAssembly",
      reason: "layers of 1,024 numbers are too small for a GPU",
    });
  });

  test("says that there is no GPU", async () => {
    const { name, reason } = await openBackend("auto", large);
    expect(name).toBe("WebAssembly");
    expect(reason).toMatch(/^there is no GPU \(webgpu: /);
  });

  test("is the GPU where that is faster, on the device that was timed", async () => {
    const { asked, load } = gpuOf("fast");
    const { name, reason, timing } = await openBackend("auto", large, load);
    expect([name, currentBackend().name]).toEqual(["WebGPU", "gpu"]);
    expect(reason).toMatch(/^the GPU is faster from [\d,]+ numbers per layer on$/);
    expect(timing!.threshold).toBeLessThanOrEqual(large.activations);
    expect(asked).toEqual(["auto"]);
  });

  test("gives a slow GPU back", async () => {
    const { asked, load } = gpuOf("slow");
    const { name, reason, timing } = await openBackend("auto", large, load);
    expect([name, currentBackend().name]).toEqual(["WebAssembly", "wasm"]);
    expect(reason).toBe("it is faster at every size measured");
    expect(timing!.threshold).toBe(Number.POSITIVE_INFINITY);
    expect(asked).toEqual(["auto", "destroy"]);
  });

  test("trusts an earlier timing", async () => {
    const { asked, load } = gpuOf("fast");
    const slower = await openBackend("auto", { ...large, timing: never }, load);
    expect(slower).toMatchObject({ name: "WebAssembly", reason: never.reason, timing: never });
    expect(asked).toEqual([]);
    const faster = { threshold: 2 ** 20, reason: "it was faster before" };
    const again = await openBackend("auto", { ...large, timing: faster }, load);
    expect(again).toMatchObject({ name: "WebGPU", timing: faster });
  });
});

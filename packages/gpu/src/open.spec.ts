import { expect, test, vi } from "vitest";
import { gpu, isAvailable } from "./index.ts";

vi.mock("gpu.js", () => {
  throw new Error("gpu.js was loaded");
});

const nothing = "webgpu: there is no navigator.gpu; webgl2: there is no WebGL2";

test("without a GPU, isAvailable says why and loads nothing", async () => {
  expect(await isAvailable()).toEqual({ available: false, reason: nothing });
  expect(await isAvailable({ mode: "webgl2" })).toEqual({
    available: false,
    reason: "webgl2: there is no WebGL2",
  });
});

test("without a GPU, gpu() is refused with the reasons and what to do, and loads nothing", async () => {
  await expect(gpu()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[EvenkeelError: gpu: expected a GPU that computes right, got webgpu: there is no navigator.gpu; webgl2: there is no WebGL2. Go on with wasm() or cpu; \`await isAvailable()\` asks beforehand.]`,
  );
});

test("a mode that is none is refused", async () => {
  await expect(gpu({ mode: "cuda" as "webgpu" })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[OptionError: gpu: expected mode "auto", "webgpu" or "webgl2", got "cuda".]`,
  );
});

test("a device that computes wrong numbers is not handed out", async () => {
  const { canary } = await import("./canary.ts");
  const { Recorder } = await import("./backend.ts");
  const { javaScriptDevice } = await import("./javascript-device.ts");
  const right = new Recorder(javaScriptDevice());
  expect(await canary(right)).toBeUndefined();

  const zeros = { toArray: async () => new Float32Array(4096), delete: () => {} };
  const silent = { ...javaScriptDevice(), run: async () => zeros, check: () => {} };
  expect(await canary(new Recorder(silent))).toMatch(
    /^its kernels compute 0 where the CPU computes /,
  );

  const failing = {
    ...javaScriptDevice(),
    check: () => {},
    run: () => Promise.reject(new Error("no shader")),
  };
  expect(await canary(new Recorder(failing))).toBe("its kernels fail (no shader)");
});

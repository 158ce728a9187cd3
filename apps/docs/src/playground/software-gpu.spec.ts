import { afterEach, expect, test, vi } from "vitest";
import { softwareGpu } from "./software-gpu.ts";

afterEach(() => void vi.unstubAllGlobals());

function stubAdapter(info: object | undefined): void {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => info && { info } } });
}

test("a GPU that is a program on the processor is found by its name, or because it says so", async () => {
  stubAdapter({ vendor: "google", architecture: "swiftshader", description: "" });
  expect(await softwareGpu("webgpu")).toBe("swiftshader");
  stubAdapter({ vendor: "", architecture: "", description: "", isFallbackAdapter: true });
  expect(await softwareGpu("webgpu")).toBe("a fallback");
  stubAdapter({ vendor: "nvidia", architecture: "hopper", description: "" });
  expect(await softwareGpu("webgpu")).toBeUndefined();
  stubAdapter(undefined);
  expect(await softwareGpu("webgpu")).toBeUndefined();
});

test("by WebGL2, its renderer is asked, behind Chromium's mask as well", async () => {
  const rendererOf = (renderer: string, unmasked = renderer): void => {
    const parameters: Record<string, string> = { renderer, unmasked };
    const extension = { UNMASKED_RENDERER_WEBGL: "unmasked", loseContext() {} };
    const gl = {
      RENDERER: "renderer",
      getParameter: (name: string) => parameters[name],
      getExtension: () => extension,
    };
    vi.stubGlobal(
      "OffscreenCanvas",
      class {
        getContext = () => gl;
      },
    );
  };
  rendererOf("llvmpipe, or similar");
  expect(await softwareGpu("webgl2")).toBe("llvmpipe");
  rendererOf("WebKit WebGL", "ANGLE (Google, SwiftShader Device)");
  expect(await softwareGpu("webgl2")).toBe("SwiftShader");
  rendererOf("WebKit WebGL", "ANGLE (NVIDIA H200)");
  expect(await softwareGpu("webgl2")).toBeUndefined();
});

import type { GpuMode } from "@evenkeel/gpu";

const names = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/**
 * What a GPU is that is a program on the processor, undefined where it is one of its own. Such a one is never
 * faster than wasm, and to time it would take seconds.
 */
export async function softwareGpu(mode: GpuMode): Promise<string | undefined> {
  if (mode === "webgl2") return names.exec(rendererName())?.[0];
  const adapter = await (globalThis.navigator as GpuNavigator | undefined)?.gpu?.requestAdapter();
  if (!adapter?.info) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const found = names.exec(`${vendor} ${architecture} ${description}`)?.[0];
  return found ?? (isFallbackAdapter ? "a fallback" : undefined);
}

interface GpuNavigator {
  readonly gpu?: { requestAdapter(): Promise<{ readonly info?: Readonly<AdapterInfo> } | null> };
}
type AdapterInfo = Record<"vendor" | "architecture" | "description", string> & {
  readonly isFallbackAdapter?: boolean;
};

function rendererName(): string {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl) return "";
  const masked = String(gl.getParameter(gl.RENDERER));
  // Chromium tells only here; others tell there, and warn of this.
  const more = masked === "WebKit WebGL" ? gl.getExtension("WEBGL_debug_renderer_info") : null;
  const name = more ? String(gl.getParameter(more.UNMASKED_RENDERER_WEBGL)) : masked;
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}

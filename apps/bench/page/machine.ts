import manifest from "../package.json" with { type: "json" };

/** What the figures hold for, as far as a page is told. */
export interface PageMachine {
  readonly userAgent: string;
  readonly cores: number;
  /** Whether WebAssembly may use threads. */
  readonly isolated: boolean;
  /** The adapter of WebGPU; "none" where there is none. */
  readonly webgpu: string;
  /** What draws for WebGL2. */
  readonly webgl2: string;
  /** Of the other libraries, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

interface Adapter {
  readonly info?: Readonly<Record<string, unknown>>;
}
interface GpuNavigator {
  readonly gpu?: { requestAdapter(): Promise<Adapter | null> };
}

const { dependencies } = manifest;

export async function describeMachine(): Promise<PageMachine> {
  return {
    userAgent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: globalThis.crossOriginIsolated,
    webgpu: (await webGpuAdapter()) ?? "none",
    webgl2: webGl2Renderer() ?? "none",
    versions: {
      "@jax-js/jax": dependencies["@jax-js/jax"],
      "@tensorflow/tfjs-backend-webgl": dependencies["@tensorflow/tfjs-backend-webgl"],
    },
  };
}

/** Whether the GPU is a program on the processor: its figures say nothing about a real one. */
export function isSoftware({ webgpu, webgl2 }: Pick<PageMachine, "webgpu" | "webgl2">): boolean {
  return /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(`${webgpu} ${webgl2}`);
}

async function webGpuAdapter(): Promise<string | undefined> {
  try {
    const adapter = await (navigator as GpuNavigator).gpu?.requestAdapter();
    if (!adapter) return undefined;
    const { info } = adapter;
    const known = ["vendor", "architecture", "device", "description"].map((key) => info?.[key]);
    return known.filter(Boolean).join(" ") || "an adapter that does not tell its name";
  } catch {
    return undefined;
  }
}

function webGl2Renderer(): string | undefined {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return undefined;
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer: unknown = gl.getParameter(unmasked?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return String(renderer);
}

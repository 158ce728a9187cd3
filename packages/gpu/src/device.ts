import { fail, OptionError } from "@evenkeel/autodiff";
import type { GPU, IKernelRunShortcut } from "gpu.js";
import type { KernelFunction } from "./scalar.ts";
import { DeviceLostError } from "./storage.ts";
import type { KernelText } from "./writer.ts";

/** Where kernels run: compute shaders, or fragment shaders of WebGL2. */
export type GpuMode = "webgpu" | "webgl2";

/** An array on the device, as gpu.js hands it out. */
export interface Handle {
  toArray(): Promise<ArrayLike<number>> | ArrayLike<number>;
  delete(): void;
}

/** An array that a kernel reads. */
interface ArrayArgument {
  readonly handle: Handle;
  readonly size: number;
}

/** gpu.js in one mode, with its kernels by their text. */
export interface Device {
  readonly mode: GpuMode;
  /** Kernels compiled so far. */
  readonly compiled: number;
  /** Runs a kernel; the result stays on the device. */
  run(
    text: KernelText,
    size: number,
    arrays: readonly ArrayArgument[],
    numbers: readonly number[],
  ): Promise<Handle>;
  upload(numbers: Float32Array): Promise<Handle>;
  /** Resolves with the reason when the device is lost. */
  readonly lost: Promise<string>;
  /** Throws once it is. */
  check(): void;
  destroy(): Promise<void>;
}

const LOST = "the WebGL context was lost";

/** Kernels kept; beyond that the one not used for longest is destroyed. */
const MOST_KERNELS = 1024;

const settings = {
  pipeline: true,
  immutable: true,
  asyncMode: true,
  precision: "single",
  tactic: "precision",
} as const;

/** Starts gpu.js in a mode that `missing` has found nothing against. */
export async function openDevice(mode: GpuMode): Promise<Device> {
  const library = await load();
  return new GpuJs(mode, new library.GPU({ mode }), library.Input);
}

class GpuJs implements Device {
  readonly mode: GpuMode;
  readonly lost: Promise<string>;
  compiled = 0;
  private readonly gpu: GPU;
  private readonly Input: Library["Input"];
  private readonly kernels = new Map<string, IKernelRunShortcut>();
  /** Uploads arrays of all sizes. */
  private readonly copy: IKernelRunShortcut;
  private watched = false;
  private webgl: WebGL2RenderingContext | undefined;
  private reason: string | undefined;
  private tell: (reason: string) => void = () => {};

  constructor(mode: GpuMode, gpu: GPU, Input: Library["Input"]) {
    this.mode = mode;
    this.gpu = gpu;
    this.Input = Input;
    this.lost = new Promise((resolve) => {
      this.tell = (reason) => {
        this.reason ??= reason;
        resolve(reason);
      };
    });
    this.copy = this.create("function (b0) { return b0[this.thread.x]; }", {
      output: [1],
      dynamicOutput: true,
      dynamicArguments: true,
    });
  }

  check(): void {
    // The event comes later than the loss, and meanwhile WebGL reads zeros.
    if (this.webgl?.isContextLost()) this.tell(LOST);
    if (this.reason === undefined) return;
    fail(
      {
        where: "gpu",
        expected: `the ${this.mode} device that was opened`,
        got: `a lost one (${this.reason})`,
        hint: "Its memory is gone: load what you saved, and go on with wasm() or another gpu().",
      },
      DeviceLostError,
    );
  }

  async run(
    text: KernelText,
    size: number,
    arrays: readonly ArrayArgument[],
    numbers: readonly number[],
  ): Promise<Handle> {
    this.check();
    // gpu.js makes the sizes of textures constants of the kernel.
    const sizes = [size, ...arrays.map((a) => a.size)];
    const kernel = this.kernelOf(text, sizes);
    const args = [...arrays.map((a) => a.handle), ...numbers];
    return (await kernel(...(args as Parameters<IKernelRunShortcut>))) as unknown as Handle;
  }

  async upload(numbers: Float32Array): Promise<Handle> {
    this.check();
    this.copy.setOutput([numbers.length]);
    const input = new this.Input(numbers as unknown as number[], [numbers.length]);
    const handle = (await this.copy(input)) as unknown as Handle;
    if (!this.watched) this.watch();
    return handle;
  }

  async destroy(): Promise<void> {
    this.kernels.clear();
    await this.gpu.destroy();
  }

  /** Listens for the end of the device; gpu.js has it once a kernel has run. */
  private watch(): void {
    this.watched = true;
    const { context } = (this.copy as unknown as { readonly kernel: Inner }).kernel;
    if ("device" in context) {
      void context.device.lost.then(({ message, reason }) => this.tell(message || reason));
      return;
    }
    this.webgl = context;
    context.canvas.addEventListener("webglcontextlost", () => this.tell(LOST));
  }

  private create(main: string, more: object): IKernelRunShortcut {
    return this.gpu.createKernel(main, { ...settings, ...more } as KernelSettings);
  }

  private kernelOf(text: KernelText, sizes: readonly number[]): IKernelRunShortcut {
    const key = `${sizes} ${wholeOf(text)}`;
    const known = this.kernels.get(key);
    if (!known) this.compiled++;
    const kernel =
      known ??
      this.create(text.main, { output: [sizes[0]], functions: text.functions.map(toGpuFunction) });
    this.kernels.delete(key);
    this.kernels.set(key, kernel);
    if (this.kernels.size > MOST_KERNELS) {
      const [oldest, unused] = this.kernels.entries().next().value!;
      this.kernels.delete(oldest);
      unused.destroy();
    }
    return kernel;
  }
}

/** A kernel's text in one string; texts of a plan are the same objects at every step. */
function wholeOf(text: KernelText): string {
  const known = wholes.get(text);
  if (known !== undefined) return known;
  const whole = `${text.main} ${text.functions.map((f) => f.name + f.body).join()}`;
  wholes.set(text, whole);
  return whole;
}
const wholes = new WeakMap<KernelText, string>();

type KernelSettings = Parameters<GPU["createKernel"]>[1];

function toGpuFunction({ name, parameters, body, whole }: KernelFunction): object {
  const type = whole ? "Integer" : "Number";
  return {
    source: `function ${name}(${parameters.join(", ")}) { ${body} }`,
    settings: { argumentTypes: parameters.map(() => type), returnType: type },
  };
}

/** What gpu.js holds of its device: one of both. */
interface Inner {
  readonly context: WebGL2RenderingContext | { readonly device: GPUDevice };
}

type Library = Pick<typeof import("gpu.js"), "GPU" | "Input">;

async function load(): Promise<Library> {
  const loaded = (await import("gpu.js")) as unknown as Partial<Library> & { default?: Library };
  // Bundles for browsers hand out the class itself, with the others as its properties.
  const found = loaded.GPU ? (loaded as Library) : loaded.default;
  if (found?.GPU) return found;
  return fail({ where: "gpu", expected: "gpu.js to export GPU", got: "another module" });
}

/** Why a mode cannot run here; undefined where it can. */
export async function missing(mode: GpuMode): Promise<string | undefined> {
  return mode === "webgpu" ? missingWebGpu() : missingWebGl2();
}

interface GpuNavigator {
  readonly gpu?: { requestAdapter(): Promise<unknown> };
}

async function missingWebGpu(): Promise<string | undefined> {
  const { gpu } = (globalThis.navigator ?? {}) as GpuNavigator;
  if (!gpu) return "there is no navigator.gpu";
  try {
    return (await gpu.requestAdapter()) ? undefined : "WebGPU has no adapter";
  } catch (error) {
    return `WebGPU has no adapter: ${error}`;
  }
}

function missingWebGl2(): string | undefined {
  // As gpu.js does: a canvas of the page where there is one.
  const canvas =
    globalThis.document?.createElement("canvas") ??
    (typeof OffscreenCanvas === "undefined" ? undefined : new OffscreenCanvas(1, 1));
  const gl = canvas?.getContext("webgl2") as WebGL2RenderingContext | null | undefined;
  if (!gl) return "there is no WebGL2";
  const floats = gl.getExtension("EXT_color_buffer_float");
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return floats ? undefined : "WebGL2 cannot write floats (EXT_color_buffer_float)";
}

/** Refuses a mode that is none. */
export function checkMode(mode: string): void {
  if (["auto", "webgpu", "webgl2"].includes(mode)) return;
  const expected = 'mode "auto", "webgpu" or "webgl2"';
  fail({ where: "gpu", expected, got: JSON.stringify(mode) }, OptionError);
}

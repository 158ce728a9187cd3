import { type Backend, cpu, useBackend } from "@evenkeel/autodiff";
import type { Availability, GpuBackend, GpuOptions } from "@evenkeel/gpu";
import { wasm } from "@evenkeel/wasm";
import { pickBackend } from "evenkeel";
import { type EngineName, troubleOf } from "./settings.ts";
import { softwareGpu } from "./software-gpu.ts";

/** How backends are called in messages. */
type BackendName = "WebAssembly" | "cpu" | "WebGPU" | "WebGL2";

/** From how many numbers in a layer on the GPU is faster, and that in words. */
export interface Timing {
  /** Infinity where it never is, and where there is none. */
  readonly threshold: number;
  readonly reason: string;
}

/** What of the work decides how a backend is opened. */
export interface Work {
  /** Numbers that the largest layer writes in a step. */
  readonly activations: number;
  /** Where the GPU was timed before. */
  readonly timing: Timing | undefined;
}

/** The backend at work, and what the reader should know of the choice. */
export interface Opened {
  readonly name: BackendName;
  /** Threads that it may use; undefined on a GPU. */
  readonly threads: number | undefined;
  /** Why it was chosen; undefined where the reader chose. */
  readonly reason: string | undefined;
  /** Why it is not the one that was wanted. */
  readonly note: string | undefined;
  /** Where the GPU was timed. */
  readonly timing: Timing | undefined;
}

/** As much of `@evenkeel/gpu` as is used. */
export interface GpuLibrary {
  gpu(options?: GpuOptions): Promise<OpenGpu>;
  isAvailable(): Promise<Availability>;
}
type OpenGpu = Backend & Pick<GpuBackend, "ran" | "destroy">;
type Load = () => Promise<GpuLibrary>;

interface Ready {
  readonly name: BackendName;
  readonly backend: Backend;
  readonly threads?: number;
}

/** They may take their time: a GPU's device comes as a promise. */
type Openers = Readonly<Partial<Record<BackendName, () => Ready | Promise<Ready>>>>;

/**
 * Makes an engine the current backend, or else what comes nearest to it.
 *
 * @param load - Gives what opens GPUs; it is called where one is chosen or timed.
 */
export async function openBackend(
  on: EngineName,
  work: Work,
  load: Load = () => import("@evenkeel/gpu"),
): Promise<Opened> {
  const plain = inProcess(work);
  if (on === "wasm") return openFirst(plain);
  if (on === "auto") return openFastest(work, plain, load);
  const open = async (): Promise<Ready> => readyGpu(await (await load()).gpu({ mode: on }));
  return openFirst({ [gpuNames[on]]: open, ...plain });
}

const gpuNames = { webgpu: "WebGPU", webgl2: "WebGL2" } as const;

function readyGpu(backend: OpenGpu): Ready {
  return { name: gpuNames[backend.ran], backend };
}

function inProcess(work: Work): Openers {
  const threads = threadsFor(work);
  return {
    WebAssembly: () => ({ name: "WebAssembly", backend: wasm({ threads }), threads }),
    cpu: () => ({ name: "cpu", backend: cpu, threads: 1 }),
  };
}

/** The first that opens becomes the current backend. */
async function openFirst(
  openers: Openers,
  why: Pick<Opened, "reason" | "timing"> = { reason: undefined, timing: undefined },
): Promise<Opened> {
  const failures: string[] = [];
  for (const [wanted, open] of Object.entries(openers)) {
    try {
      const { name, backend, threads } = await open();
      useBackend(backend);
      const note = failures.length === 0 ? undefined : `${failures.join(" ")} Using ${name}.`;
      return { name, threads, note, ...why };
    } catch (error) {
      failures.push(`${wanted} did not open: ${troubleOf(error).message}`);
    }
  }
  throw new Error(failures.join(" "));
}

/** The smallest size that `pickBackend` times: what is smaller runs on wasm, whatever the GPU can do. */
const SMALLEST_TIMED = 2 ** 14;

/** The GPU where it is faster for layers of this size, else wasm. */
async function openFastest(work: Work, plain: Openers, load: Load): Promise<Opened> {
  const { activations } = work;
  if (activations < SMALLEST_TIMED) {
    const reason = `layers of ${counted(activations)} numbers are too small for a GPU`;
    return openFirst(plain, { reason, timing: work.timing });
  }
  let device: OpenGpu | undefined;
  const open = async (): Promise<OpenGpu> => {
    device ??= await (await load()).gpu();
    return device;
  };
  const timing = work.timing ?? (await timeGpu(load, open));
  const why = { reason: timing.reason, timing };
  if (activations >= timing.threshold) {
    return openFirst({ WebGPU: async () => readyGpu(await open()), ...plain }, why);
  }
  await device?.destroy();
  return openFirst(plain, why);
}

/** What `pickBackend` finds out; what goes wrong is a reason against the GPU. */
async function timeGpu(load: Load, gpu: () => Promise<Backend>): Promise<Timing> {
  const never = (reason: string): Timing => ({ threshold: Number.POSITIVE_INFINITY, reason });
  try {
    const found = await (await load()).isAvailable();
    if (!found.available) return never(`there is no GPU (${found.reason})`);
    const software = await softwareGpu(found.mode);
    if (software !== undefined) return never(`the GPU here is software (${software})`);
    const { threshold, reason } = await pickBackend({ gpu });
    if (threshold === Number.POSITIVE_INFINITY) return never(reason.replace("wasm, because ", ""));
    return {
      threshold,
      reason: `the GPU is faster from ${counted(threshold)} numbers per layer on`,
    };
  } catch (error) {
    return never(`the GPU failed: ${troubleOf(error).message}`);
  }
}

const counted = (n: number): string => n.toLocaleString("en");

/** Below this many numbers per layer, handing work to other threads costs more than it saves. */
const WORTH_SHARING = 2 ** 17;

/** One core stays free for the page. */
function threadsFor({ activations }: Work): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const mayShare = globalThis.crossOriginIsolated === true;
  return mayShare && activations >= WORTH_SHARING ? Math.min(4, Math.max(1, cores - 1)) : 1;
}

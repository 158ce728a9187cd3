import { fail } from "@evenkeel/autodiff";
import { type GpuBackend, Recorder } from "./backend.ts";
import { canary } from "./canary.ts";
import { checkMode, type GpuMode, missing, openDevice } from "./device.ts";

export interface GpuOptions {
  /** What kernels run on; "auto" is WebGPU where it works, else WebGL2. Default: "auto". */
  readonly mode?: GpuMode | "auto";
}

/** Whether there is a GPU to compute on, and if not, why. */
export type Availability =
  | { readonly available: true; readonly mode: GpuMode }
  | { readonly available: false; readonly reason: string };

/**
 * Finds out what `gpu()` would run on, without loading gpu.js.
 *
 * @example
 * await isAvailable(); // in Node: { available: false, reason: "webgpu: there is no navigator.gpu; …" }
 */
export async function isAvailable({ mode = "auto" }: GpuOptions = {}): Promise<Availability> {
  checkMode(mode);
  const reasons: string[] = [];
  for (const candidate of candidates(mode)) {
    const reason = await missing(candidate);
    if (reason === undefined) return { available: true, mode: candidate };
    reasons.push(`${candidate}: ${reason}`);
  }
  return { available: false, reason: reasons.join("; ") };
}

const candidates = (mode: GpuMode | "auto"): readonly GpuMode[] =>
  mode === "auto" ? ["webgpu", "webgl2"] : [mode];

/**
 * Opens a GPU, by gpu.js on WebGPU or WebGL2.
 *
 * Ops are recorded, and what is still needed of them is computed when a tensor is read or the program pauses.
 * Numbers are float32; reads are awaited. A device that computes wrong numbers is refused.
 *
 * @param options.mode - What kernels run on. Default: "auto", WebGPU where it works, else WebGL2.
 * @returns A backend for `useBackend`, with counts of what it does.
 * @throws OptionError for a mode that is none; EvenkeelError, with a reason for each mode, where there is no GPU
 *   to trust.
 *
 * @example
 * const found = await isAvailable();
 * useBackend(found.available ? await gpu({ mode: found.mode }) : cpu);
 *
 * @see https://github.com/gpujs/gpu.js
 */
export async function gpu({ mode = "auto" }: GpuOptions = {}): Promise<GpuBackend> {
  checkMode(mode);
  const reasons: string[] = [];
  for (const candidate of candidates(mode)) {
    const reason = (await missing(candidate)) ?? (await tryOut(candidate));
    if (typeof reason !== "string") return reason;
    reasons.push(`${candidate}: ${reason}`);
  }
  return fail({
    where: "gpu",
    expected: "a GPU that computes right",
    got: reasons.join("; "),
    hint: "Go on with wasm() or cpu; `await isAvailable()` asks beforehand.",
  });
}

/** The backend, or why it is not to be trusted. */
async function tryOut(mode: GpuMode): Promise<GpuBackend | string> {
  const backend = new Recorder(await openDevice(mode));
  const wrong = await canary(backend);
  if (wrong === undefined) return backend;
  await backend.destroy();
  return wrong;
}

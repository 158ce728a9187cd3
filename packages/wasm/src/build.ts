import { plain, relaxed } from "./binary.ts";

/** Which of the builds of the kernels, and over which kind of memory. */
export interface Build {
  /** With multiply-adds that round once, where the machine has them. */
  readonly relaxed: boolean;
  /** Over a memory that threads share. */
  readonly shared: boolean;
}

const modules = new Map<string, WebAssembly.Module>();

/** The kernels. The binary is in the package: nothing is fetched, and nothing is awaited. */
export function compile(build: Build): WebAssembly.Module {
  const key = JSON.stringify([build.relaxed, build.shared]);
  const module = modules.get(key) ?? new WebAssembly.Module(bytesOf(build));
  modules.set(key, module);
  return module;
}

/** One binary serves both kinds of memory: a bit in its import says which one it is. */
export function bytesOf(build: Build): Uint8Array<ArrayBuffer> {
  const text = atob(build.relaxed ? relaxed : plain);
  const bytes = Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  // The import's name, its kind (a memory), then the flags of its limits.
  const name = "memory\x02";
  if (build.shared) bytes[text.indexOf(name) + name.length]! |= 2;
  return bytes;
}

/** () => void that multiplies and adds in relaxed SIMD, the smallest module there is. */
const probe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0],
  ...[65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 26, 11],
);

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe);
}

/** Outside cross-origin-isolated pages memory cannot be handed to workers. */
export function canShare(): boolean {
  return typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated !== false;
}

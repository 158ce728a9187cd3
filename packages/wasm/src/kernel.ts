import type { Tensor } from "@evenkeel/autodiff";
import type { Heap } from "./heap.ts";
import type { WasmStorage } from "./storage.ts";

/**
 * A kernel of ours for an op: false where it does not cover the call, and the op's plain kernel has to.
 * Nothing is written then.
 */
export type Kernel = (out: Tensor, inputs: readonly Tensor[], params: unknown) => boolean;

/** The address of a tensor's block. */
export function at(t: Tensor): number {
  return (t.storage as WasmStorage).at;
}

export function float32(...tensors: readonly Tensor[]): boolean {
  return tensors.every((t) => t.dtype === "float32");
}

/** The address of room for what a kernel needs while it runs; undefined when memory is full. */
export type Scratch = (bytes: number) => number | undefined;

/** One block for all kernels, grown when one needs more. */
export function scratchOf(heap: Heap): Scratch {
  let held: { at: number; bytes: number } | undefined;
  return (bytes) => {
    if (held && held.bytes >= bytes) return held.at;
    if (held) heap.give(held.at, held.bytes);
    const at = heap.take(bytes);
    held = at === undefined ? undefined : { at, bytes };
    return at;
  };
}

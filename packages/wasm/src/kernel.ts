import type { Tensor } from "@evenkeel/autodiff";
import type { Heap } from "./heap.ts";
import type { Exports } from "./module.ts";
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

/**
 * The threads that share the memory. An op becomes calls that write different elements and read nothing
 * that another of them writes, each element computed the same way whichever call it falls in: then the bits
 * are the same for every number of threads.
 *
 * @example
 * const room = scratch(threads.most * bytes);
 * const calls = parts(samples, 2).map(([from, to]) => [at(y), at(x), packed, from, to]);
 * threads.split("conv2d", calls, { at: room, bytes });
 */
export interface Threads {
  /** How many can take part, this one among them: rooms to provide. 1 where nothing is shared. */
  readonly most: number;
  /**
   * Makes the calls `wasm[kernel](...numbers)`, in any order, each on a thread that is free, and returns when
   * all of them are done. Each thread has an instance of the module: globals that one call sets, another
   * need not see. Memory is the same for all, static memory too, which is for constants only. With a room,
   * a call's last number is the address of its thread's own. Lists of numbers are of one length.
   *
   * Below some 50 µs of work, a single call is faster.
   */
  split(kernel: keyof Exports, calls: Calls, room?: Room): void;
}

/** The numbers of each call. */
export type Calls = readonly (readonly number[])[];

/** Scratch for every thread: the first one's address, and bytes of each, a multiple of 16. */
export interface Room {
  readonly at: number;
  readonly bytes: number;
}

/** [0, count) cut into parts of `unit`; the last one may be shorter. */
export function parts(count: number, unit: number): [from: number, to: number][] {
  const cuts: [number, number][] = [];
  for (let from = 0; from < count; from += unit) cuts.push([from, Math.min(count, from + unit)]);
  return cuts;
}

/** Elements from which on it pays to spread simple work over threads. */
export const LARGE: number = 2 ** 16;

/** Elements of a part of simple work: enough for a thread to come for, few enough that all get some. */
export function unitOf(count: number): number {
  return Math.max(2 ** 14, 16 * Math.ceil(count / 2048));
}

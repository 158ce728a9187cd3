import { binary } from "./binary.ts";
import type { Heap } from "./heap.ts";

type Address = number;

/** What the module exports; see `assembly/`. Lengths are in elements, addresses in bytes. */
export interface Exports {
  readonly add: Walk;
  readonly sub: Walk;
  readonly mul: Walk;
  readonly div: Walk;
  readonly gate: Walk;
  readonly where: Walk;
  readonly spread: Walk;
  readonly relu: Each;
  readonly neg: Each;
  readonly square: Each;
  readonly abs: Each;
  readonly sqrt: Each;
  readonly reciprocal: Each;
  readonly rsqrt: Each;
  readonly promote: Each;
  readonly demote: Each;
  readonly copy: (out: Address, x: Address, bytes: number) => void;
  readonly clear: (out: Address, bytes: number) => void;
  readonly zip64: Walk;
  readonly map64: (op: number, out: Address, x: Address, n: number) => void;
  readonly spread64: Walk;
  readonly sum64: (...numbers: readonly number[]) => void;
  readonly sum: (...numbers: readonly number[]) => void;
  readonly combine: (...numbers: readonly number[]) => void;
  readonly secondMoment: (...numbers: readonly number[]) => void;
  readonly adamStep: (...numbers: readonly number[]) => void;
  readonly matmul: (...numbers: readonly number[]) => void;
  readonly matmulScratch: (m: number, k: number, n: number) => number;
  readonly maxPool2d: (...numbers: readonly number[]) => void;
  readonly avgPool2d: (...numbers: readonly number[]) => void;
  readonly avgPool2dGradient: (...numbers: readonly number[]) => void;
  readonly pickPlaces: (...numbers: readonly number[]) => void;
  readonly putBackPlaces: (...numbers: readonly number[]) => void;
  readonly conv2dPlan: (...sizes: readonly number[]) => number;
  readonly conv2d: (y: Address, x: Address, w: Address, scratch: Address) => void;
  readonly conv2dInputGradient: (dx: Address, g: Address, w: Address, scratch: Address) => void;
  readonly conv2dFilterGradient: (dw: Address, x: Address, g: Address, scratch: Address) => void;
  readonly planeMoments: (...numbers: readonly number[]) => void;
  readonly planeAffine: (...numbers: readonly number[]) => void;
  readonly planeSums: (...numbers: readonly number[]) => void;
  readonly planeCombine: (...numbers: readonly number[]) => void;
  readonly alongSums: (...numbers: readonly number[]) => void;
}
/** Addresses of out and inputs, three sizes, three steps per input. */
export type Walk = (...numbers: readonly number[]) => void;
export type Each = (out: Address, x: Address, n: number) => void;

let compiled: WebAssembly.Module | undefined;

/** The kernels over a heap. The binary is in the package: nothing is fetched, and nothing is awaited. */
export function instantiate(heap: Heap): Exports {
  compiled ??= new WebAssembly.Module(bytesOf(binary));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory: heap.memory } });
  return exports as unknown as Exports;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

import { convolutionKernels } from "./conv2d.ts";
import { elementwiseKernels } from "./elementwise-kernels.ts";
import type { Heap } from "./heap.ts";
import { type Kernel, scratchOf, type Threads } from "./kernel.ts";
import { lossKernels } from "./loss-kernels.ts";
import { matmulKernels } from "./matmul.ts";
import type { Exports } from "./module.ts";
import { movementKernels } from "./movement-kernels.ts";
import { optimizerKernels } from "./optimizer-kernels.ts";
import { planeKernels } from "./plane-kernels.ts";
import { poolingKernels } from "./pool2d.ts";
import { reduceKernels } from "./reduce-kernels.ts";

/** The table of our kernels by the op's name. */
export function kernelsOf(
  wasm: Exports,
  heap: Heap,
  threads: Threads,
): ReadonlyMap<string, Kernel> {
  const scratch = scratchOf(heap);
  return new Map<string, Kernel>([
    ...matmulKernels(wasm, scratch, threads),
    ...convolutionKernels(wasm, scratch, threads, scratchOf(heap)),
    ...poolingKernels(threads),
    ...elementwiseKernels(wasm, threads),
    ...movementKernels(wasm),
    ...reduceKernels(wasm, scratch),
    ...lossKernels(wasm),
    ...optimizerKernels(wasm, threads),
    ...planeKernels(wasm, scratch, threads),
  ]);
}

import { convolutionKernels } from "./conv2d.ts";
import { elementwiseKernels } from "./elementwise-kernels.ts";
import type { Heap } from "./heap.ts";
import { at, float32, type Kernel, type Scratch, scratchOf } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { movementKernels } from "./movement-kernels.ts";
import { optimizerKernels } from "./optimizer-kernels.ts";
import { planeKernels } from "./plane-kernels.ts";
import { poolingKernels } from "./pool2d.ts";

/** The table of our kernels by the op's name. */
export function kernelsOf(wasm: Exports, heap: Heap): ReadonlyMap<string, Kernel> {
  const scratch = scratchOf(heap);
  return new Map<string, Kernel>([
    ["matmul", product(wasm, scratch)],
    ...convolutionKernels(wasm, scratch),
    ...poolingKernels(wasm),
    ...elementwiseKernels(wasm),
    ...movementKernels(wasm, scratch),
    ...optimizerKernels(wasm),
    ...planeKernels(wasm, scratch),
  ]);
}

function product({ matmul, matmulScratch }: Exports, scratch: Scratch): Kernel {
  return (out, [a, b]) => {
    if (!float32(out)) return false;
    const [m, n] = out.shape.slice(-2) as [number, number];
    const k = a!.shape.at(-1)!;
    // One matrix on the right serves all rows; otherwise every batch has its own pair.
    const shared = b!.size === k * n;
    const batch = out.size / (m * n);
    if (!shared && (a!.size !== batch * m * k || b!.size !== batch * k * n)) return false;
    const [pairs, rows] = shared ? [1, batch * m] : [batch, m];
    const room = scratch(matmulScratch(rows, k, n));
    if (room === undefined) return false;
    for (let i = 0; i < pairs; i++) {
      const [o, p, q] = [i * rows * n, i * rows * k, i * k * n];
      matmul(at(out) + 4 * o, at(a!) + 4 * p, at(b!) + 4 * q, rows, k, n, room);
    }
    return true;
  };
}

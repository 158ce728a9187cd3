import { type Backend, cpu, type DType, type Tensor } from "@evenkeel/autodiff";
import { blockSize, Heap } from "./heap.ts";
import { kernelsOf } from "./kernels.ts";
import { instantiate } from "./module.ts";
import { bytesOf, WasmStorage } from "./storage.ts";

export interface WasmOptions {
  /** How far its memory may grow, in bytes. Default: 4 GiB, the most that there is. */
  readonly maxBytes?: number;
}

/** The WebAssembly backend, and what can be seen of it. */
export interface WasmBackend extends Backend {
  /** Bytes of WebAssembly memory ever handed out; steady once a training loop runs. */
  readonly heapBytes: number;
}

/**
 * Kernels in WebAssembly SIMD for float32 on one thread, and for the float64 arithmetic of statistics, to
 * the plain kernels' last bit. Everything else runs the plain kernels on the same memory and is counted in
 * `fallbacks`. It loads at once, in Node and in browsers.
 *
 * Blocks come from free lists by size. Growing leaves live tensors whole; when memory is full, tensors lie
 * in ordinary arrays and the plain kernels take them. Inside `grad` and `scope` memory is given back by
 * itself; outside, when the garbage collector finds the tensor unused.
 *
 * @example
 * useBackend(wasm());
 */
export function wasm({ maxBytes = 2 ** 32 }: WasmOptions = {}): WasmBackend {
  const heap = new Heap(Math.floor(maxBytes / 65_536));
  const kernels = kernelsOf(instantiate(heap), heap);
  const fallbacks = new Map<string, number>();
  const blocks = new Blocks(heap);
  let full = false;
  const backend: WasmBackend = {
    name: "wasm",
    dtypes: cpu.dtypes,
    inProcess: true,
    fallbacks,
    get heapBytes() {
      return heap.size;
    },
    // Arrays elsewhere are moved in when they are used, as long as there is room.
    reads: (storage) => full || storage.backend === backend,
    allocate(dtype, size) {
      const storage = blocks.take(backend, dtype, size);
      full = storage === undefined;
      return storage ?? cpu.allocate(dtype, size);
    },
    free(storage) {
      blocks.give(storage as WasmStorage);
    },
    run(spec, out, inputs, params) {
      const ours = kernels.get(spec.name);
      if (ours && liesIn(backend, out, inputs) && ours(out, inputs, params)) return;
      fallbacks.set(spec.name, (fallbacks.get(spec.name) ?? 0) + 1);
      spec.kernel(out, inputs, params);
    },
  };
  return backend;
}

/** Whether all memory is the backend's own: when it is full, some of it is not. */
function liesIn(backend: Backend, out: Tensor, inputs: readonly Tensor[]): boolean {
  if (out.storage?.backend !== backend) return false;
  for (const t of inputs) if (t.storage?.backend !== backend) return false;
  return true;
}

/**
 * Blocks with their views, kept for reuse: making a view and telling the garbage collector about it cost
 * more than most small ops.
 */
class Blocks {
  private readonly heap: Heap;
  private readonly idle = new Map<number, WasmStorage[]>();
  private readonly abandoned = new FinalizationRegistry<{ at: number; bytes: number }>(
    ({ at, bytes }) => this.heap.give(at, bytes),
  );

  constructor(heap: Heap) {
    this.heap = heap;
  }

  take(backend: Backend, dtype: DType, size: number): WasmStorage | undefined {
    const bytes = blockSize(bytesOf(dtype, size));
    const reused = this.idle.get(bytes)?.pop();
    if (reused) return reused.reuse(dtype, size);
    const at = this.heap.take(bytes);
    if (at === undefined) return undefined;
    const storage = new WasmStorage(backend, this.heap, at, dtype, size);
    this.abandoned.register(storage, { at, bytes });
    return storage;
  }

  give(storage: WasmStorage): void {
    const bytes = blockSize(storage.bytes);
    const list = this.idle.get(bytes);
    if (list) list.push(storage);
    else this.idle.set(bytes, [storage]);
  }
}

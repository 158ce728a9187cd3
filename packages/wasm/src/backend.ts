import { type Backend, cpu, type DType, fail, OptionError, type Tensor } from "@evenkeel/autodiff";
import { canShare, compile, hasRelaxedSimd } from "./build.ts";
import { blockSize, Heap } from "./heap.ts";
import { kernelsOf } from "./kernels.ts";
import { instantiate } from "./module.ts";
import { bytesOf, WasmStorage } from "./storage.ts";
import { alone, SharedTeam } from "./threads.ts";
import { cores } from "./worker.ts";

export interface WasmOptions {
  /** Threads that kernels may use, `"auto"` for one per core and eight at most. Default: 1. */
  readonly threads?: number | "auto";
  /** Whether multiply-adds may round once, where the machine has them. Default: true. */
  readonly relaxed?: boolean;
  /** How far its memory may grow, in bytes. Default: 4 GiB, the most that there is. */
  readonly maxBytes?: number;
}

/** The WebAssembly backend, and what can be seen of it. */
export interface WasmBackend extends Backend {
  /** Bytes of WebAssembly memory ever handed out; steady once a training loop runs. */
  readonly heapBytes: number;
  /** Threads that are at work: 1 until a large enough kernel has started the others. */
  readonly threads: number;
  /** Whether multiply-adds round once. */
  readonly relaxed: boolean;
}

/**
 * Kernels in WebAssembly SIMD for float32, and for the float64 arithmetic of statistics, to the plain
 * kernels' last bit. Everything else runs the plain kernels on the same memory and is counted in
 * `fallbacks`. It loads at once, in Node and in browsers.
 *
 * Blocks come from free lists by size. Growing leaves live tensors whole; when memory is full, tensors lie
 * in ordinary arrays and the plain kernels take them. Inside `grad` and `scope` memory is given back by
 * itself; outside, when the garbage collector finds the tensor unused.
 *
 * Results have the same bits for every number of threads. Workers start at the first large kernel and end
 * with the process or the backend; meanwhile, and where there is no SharedArrayBuffer (in pages that are not
 * cross-origin isolated), one thread does all. The default is one thread: with more of them, `data` of a
 * tensor lies in shared memory, which some functions of browsers refuse (`read()` copies), and cores are the
 * program's to give. Results with `relaxed` differ from those without by rounding; `relaxed: false` makes
 * the kernels give the same bits on every machine.
 *
 * @throws OptionError for a number of threads that is not whole or not in 1 … 32.
 *
 * @example
 * useBackend(wasm());
 */
export function wasm({
  threads = 1,
  relaxed = true,
  maxBytes = 2 ** 32,
}: WasmOptions = {}): WasmBackend {
  const most = threadsOf(threads);
  const heap = new Heap(Math.floor(maxBytes / 65_536), most > 1);
  const { memory, shared } = heap;
  const build = { relaxed: relaxed && hasRelaxedSimd(), shared };
  const module = compile(build);
  const exports = instantiate(module, memory);
  const team = shared ? new SharedTeam(exports, { module, memory, most }) : alone(exports);
  const kernels = kernelsOf(exports, heap, team);
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
    get threads() {
      return team.running;
    },
    relaxed: build.relaxed,
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

const MOST_THREADS = 32;

/** 1 where memory cannot be shared. */
function threadsOf(asked: number | "auto"): number {
  const threads = asked === "auto" ? Math.min(cores(), 8) : asked;
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    const expected = `threads to be a whole number from 1 to ${MOST_THREADS}, or "auto"`;
    fail({ where: "wasm", expected, got: String(asked) }, OptionError);
  }
  return canShare() ? threads : 1;
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

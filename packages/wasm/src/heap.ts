/** Where blocks begin: below lie the module's own constants. */
export const START: number = 4096;
const PAGE = 65_536;
/** The most that 32-bit addresses reach, less a page so that no end overflows. */
const MOST_PAGES = 65_535;

/**
 * Blocks of a WebAssembly memory, reused by size. Sizes are rounded up to one of four per doubling, so at
 * most a fifth of a block is unused and released blocks fit later requests.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** The memory's buffer; another one after it has grown. */
  buffer: ArrayBufferLike;
  /** All of it, for single numbers: a view of their own costs more than what is done with them. */
  floats: Float32Array;
  doubles: Float64Array;
  private readonly free = new Map<number, number[]>();
  private readonly mostPages: number;
  private next = START;

  /**
   * @param mostPages - Pages of 64 KiB that it may grow to. Default: 4 GiB.
   * @param shared - Whether threads share it, if the machine can reserve so much for that.
   */
  constructor(mostPages: number = MOST_PAGES, shared = false) {
    this.mostPages = Math.min(mostPages, MOST_PAGES);
    this.memory = memoryOf(this.mostPages, shared);
    this.buffer = this.memory.buffer;
    this.floats = new Float32Array(this.buffer);
    this.doubles = new Float64Array(this.buffer);
  }

  get shared(): boolean {
    return !(this.buffer instanceof ArrayBuffer);
  }

  /** Bytes that were ever handed out, in use or waiting for reuse. */
  get size(): number {
    return this.next - START;
  }

  /** The address of a block of at least `bytes`, 16-byte aligned; undefined when memory is full. */
  take(bytes: number): number | undefined {
    const size = blockSize(bytes);
    const reused = this.free.get(size)?.pop();
    if (reused !== undefined) return reused;
    const end = this.next + size;
    if (end > this.buffer.byteLength && !this.grow(end)) return undefined;
    const at = this.next;
    this.next = end;
    return at;
  }

  give(at: number, bytes: number): void {
    const size = blockSize(bytes);
    const list = this.free.get(size);
    if (list) list.push(at);
    else this.free.set(size, [at]);
  }

  /** Grows by a quarter at least: growing moves nothing, but every view has to be made anew. */
  private grow(end: number): boolean {
    const pages = this.buffer.byteLength / PAGE;
    const needed = Math.ceil(end / PAGE);
    if (needed > this.mostPages) return false;
    const wanted = Math.min(this.mostPages, Math.max(needed, Math.ceil(pages * 1.25)));
    try {
      this.memory.grow(wanted - pages);
      this.buffer = this.memory.buffer;
      this.floats = new Float32Array(this.buffer);
      this.doubles = new Float64Array(this.buffer);
      return true;
    } catch {
      return false;
    }
  }
}

/** Shared memory takes addresses for all it may become at once, and those may be short. */
function memoryOf(maximum: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum, shared });
  } catch (error) {
    if (shared) return memoryOf(maximum, false);
    throw error;
  }
}

/** The smallest of 64, 80, 96, 112, 128, 160, … that holds `bytes`. */
export function blockSize(bytes: number): number {
  if (bytes <= 64) return 64;
  const step = 2 ** (29 - Math.clz32(Math.min(bytes, 2 ** 32) - 1));
  return Math.ceil(bytes / step) * step;
}

import type { Backend, DType, Storage, TypedArray } from "@evenkeel/autodiff";
import type { Heap } from "./heap.ts";

/** Whoever holds a view holds its block: else the collector would give it away under the reader. */
const blockOf = new WeakMap<TypedArray, WasmStorage>();

/** A block of a WebAssembly memory. Its address stays; views of it end when the memory grows. */
export class WasmStorage implements Storage {
  readonly backend: Backend;
  users = 1;
  readonly at: number;
  private readonly heap: Heap;
  private dtype: DType;
  private size: number;
  private view: TypedArray | undefined;

  constructor(backend: Backend, heap: Heap, at: number, dtype: DType, size: number) {
    this.backend = backend;
    this.heap = heap;
    this.at = at;
    this.dtype = dtype;
    this.size = size;
  }

  get data(): TypedArray {
    const { buffer } = this.heap;
    if (this.view?.buffer !== buffer) {
      const Kind = this.dtype === "float64" ? Float64Array : Float32Array;
      this.view = new Kind(buffer, this.at, this.size);
      blockOf.set(this.view, this);
    }
    return this.view;
  }

  async read(): Promise<TypedArray> {
    return this.data.slice();
  }
  write(data: ArrayLike<number>): void {
    this.data.set(data);
  }
  fill(value: number): void {
    this.data.fill(value);
  }

  /** The same block for another tensor. Its view stays where that is no different. */
  reuse(dtype: DType, size: number): this {
    if (dtype !== this.dtype || size !== this.size) this.view = undefined;
    this.dtype = dtype;
    this.size = size;
    this.users = 1;
    return this;
  }

  /** Bytes in use, of a block that may be larger. */
  get bytes(): number {
    return bytesOf(this.dtype, this.size);
  }
}

export function bytesOf(dtype: DType, size: number): number {
  return dtype === "float64" ? 8 * size : 4 * size;
}

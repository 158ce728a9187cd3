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
      this.view =
        this.dtype === "float64"
          ? new Float64Array(buffer, this.at, this.size)
          : new Float32Array(buffer, this.at, this.size);
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
    if (this.size !== 1) this.data.fill(value);
    else if (this.dtype === "float64") this.heap.doubles[this.at / 8] = value;
    else this.heap.floats[this.at / 4] = value;
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

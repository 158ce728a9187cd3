import type { Backend, Storage } from "../backend.ts";
import { arrayOf, type DType, type TypedArray } from "../dtype.ts";

/** Bytes of released arrays kept for reuse: fresh ones cost a page fault and a zero fill. */
const POOL_BYTES = 512 * 2 ** 20;

class CpuStorage implements Storage {
  readonly backend: Backend = cpu;
  users = 1;
  readonly data: TypedArray;
  constructor(data: TypedArray) {
    this.data = data;
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
}

const pools = {
  float32: new Map<number, CpuStorage[]>(),
  float64: new Map<number, CpuStorage[]>(),
} satisfies Record<DType, Map<number, CpuStorage[]>>;
let pooledBytes = 0;

/** The plain TypeScript backend: runs every op by its own kernel, in float32 and float64. */
export const cpu: Backend = {
  name: "cpu",
  dtypes: ["float32", "float64"],
  inProcess: true,
  fallbacks: new Map(),
  // Any block in the process has `data`; reading it elsewhere is that backend's named error.
  reads: () => true,
  allocate(dtype, size) {
    const reused = pools[dtype].get(size)?.pop();
    if (!reused) return new CpuStorage(arrayOf(dtype, size));
    pooledBytes -= reused.data.byteLength;
    reused.users = 1;
    return reused;
  },
  free(storage) {
    const { data } = storage;
    if (pooledBytes + data.byteLength > POOL_BYTES) return;
    pooledBytes += data.byteLength;
    const pool = pools[data instanceof Float64Array ? "float64" : "float32"];
    const list = pool.get(data.length);
    if (list) list.push(storage);
    else pool.set(data.length, [storage]);
  },
  run(spec, out, inputs, params) {
    spec.kernel(out, inputs, params);
  },
};

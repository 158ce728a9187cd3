import { cpu } from "./backend/cpu.ts";
import type { DType, TypedArray } from "./dtype.ts";
import type { OpSpec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** A block of a backend's memory. Tensors that are views of each other share one. */
export interface Storage {
  readonly backend: Backend;
  /** Tensors using it; the last one to be released gives it back. */
  users: number;
  /** The elements, where the memory is in the process; elsewhere a named error. */
  readonly data: TypedArray;
  read(): Promise<TypedArray>;
  write(data: ArrayLike<number>): void;
  fill(value: number): void;
}

/** A table of kernels over one kind of memory. */
export interface Backend {
  readonly name: string;
  readonly dtypes: readonly DType[];
  /** Whether its memory can be read at once, by `data`; elsewhere only by `await read()`. */
  readonly inProcess: boolean;
  /** Whether its kernels can work on another backend's block where it lies. */
  reads(storage: Storage): boolean;
  /** A block with undefined contents. */
  allocate(dtype: DType, size: number): Storage;
  /** Takes back a block that nobody uses. */
  free(storage: Storage): void;
  /** Fills `out`. An op it has no kernel for runs `spec.kernel` and is counted in `fallbacks`. */
  run(spec: OpSpec<unknown>, out: Tensor, inputs: readonly Tensor[], params: unknown): void;
  /** How often which op ran without a kernel of this backend's own. */
  readonly fallbacks: ReadonlyMap<string, number>;
}

let current: Backend = cpu;

/** Makes `backend` run what follows; tensors made before are moved when they are used. */
export function useBackend(backend: Backend): void {
  current = backend;
}
export function currentBackend(): Backend {
  return current;
}

/** The current backend, or the CPU where it lacks the dtype. */
export function backendFor(dtype: DType): Backend {
  return current.dtypes.includes(dtype) ? current : cpu;
}

export function allocate(dtype: DType, size: number): Storage {
  return backendFor(dtype).allocate(dtype, size);
}

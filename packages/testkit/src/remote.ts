import { type Backend, cpu, fail, ReleasedError, type Storage } from "@evenkeel/autodiff";

/** A backend whose memory is out of reach, and what it counted. */
export interface RemoteBackend extends Backend {
  /** Kernels run so far. */
  readonly launches: number;
  /** What its tensors hold now. */
  readonly memory: { readonly buffers: number; readonly bytes: number };
}

/**
 * The CPU's kernels in float32 over memory that is shown to nothing but them: `data` is a named error, `read()`
 * gives a copy. It stands for backends whose memory is on a device: what works on it reads nothing at once.
 *
 * @example
 * const backend = remoteBackend();
 * for (const { name, run } of backendSuite(op, backend)) test(name, run);
 */
export function remoteBackend(): RemoteBackend {
  const blocks = new WeakMap<Storage, Storage>();
  const memory = { buffers: 0, bytes: 0 };
  let launches = 0;
  let running = false;
  const hold = (block: Storage, sign: 1 | -1): void => {
    memory.buffers += sign;
    memory.bytes += sign * block.data.byteLength;
  };
  const backend: RemoteBackend = {
    name: "remote",
    dtypes: ["float32"],
    inProcess: false,
    fallbacks: new Map(),
    get launches() {
      return launches;
    },
    get memory() {
      return { ...memory };
    },
    reads: (storage) => storage.backend === backend,
    allocate(dtype, size) {
      const block = cpu.allocate(dtype, size);
      hold(block, 1);
      const storage = remoteStorage(backend, block, () => running);
      blocks.set(storage, block);
      return storage;
    },
    free(storage) {
      const block = blocks.get(storage)!;
      hold(block, -1);
      cpu.free(block);
    },
    run(spec, out, inputs, params) {
      launches++;
      const before = running;
      running = true;
      try {
        spec.kernel(out, inputs, params);
      } finally {
        running = before;
      }
    },
  };
  return backend;
}

/** A block that only running kernels see. */
function remoteStorage(backend: Backend, block: Storage, running: () => boolean): Storage {
  return {
    backend,
    users: 1,
    get data() {
      if (running()) return block.data;
      return fail(
        {
          where: "data",
          expected: "memory in the process",
          got: `memory of the ${backend.name} backend`,
          hint: "Use await read().",
        },
        ReleasedError,
      );
    },
    read: () => block.read(),
    write: (data) => block.write(data),
    fill: (value) => block.fill(value),
  };
}

/** What a worker is told when it starts. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly numbers: SharedArrayBuffer;
  /** Which of the rooms of scratch is its own. */
  readonly thread: number;
}

/** A thread that was started. */
export interface Helper {
  end(): void;
}

// Words of `control`, each in a cache line of its own: some are watched while others change.
/** The number of the job: workers sleep while it stays. */
export const JOB = 0;
/** Workers that are in the job, or `CLOSED`. */
export const INSIDE = 16;
export const CLOSED = -1;
/** The call to be taken next. */
export const NEXT = 32;
/** A bit for every worker that has started. */
export const STARTED = 48;
export const FAILED = 64;
export const ENDED = 80;
export const WORDS = 96;

/** Where the calls begin in `numbers`: before them lie kernel, count, width, and the room's two. */
export const HEAD = 5;

/** Looks before it sleeps, some 50 µs: the next job of a training step comes sooner than a wake-up. */
const LOOKS = 20_000;

/**
 * What a worker does, as text: a bundler neither sees nor moves it. It sleeps until `JOB` changes, comes in
 * where there is still a job, makes calls as long as there are any, and goes. Nothing but the calls is read
 * once it is inside, and the job is not replaced before all are out.
 */
const body = `({ module, memory, control, numbers, thread }) => {
  const kernels = Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports);
  const word = new Int32Array(control);
  const number = new Float64Array(numbers);
  const work = () => {
    const [kernel, count, width, room, bytes] = number;
    for (let i; (i = Atomics.add(word, ${NEXT}, 1)) < count; ) {
      const from = ${HEAD} + i * width;
      kernels[kernel](...number.subarray(from, from + width), room + thread * bytes);
    }
  };
  let seen = Atomics.load(word, ${JOB});
  Atomics.or(word, ${STARTED}, 1 << thread);
  while (!Atomics.load(word, ${ENDED})) {
    let inside = Atomics.load(word, ${INSIDE});
    while (inside >= 0) {
      const found = Atomics.compareExchange(word, ${INSIDE}, inside, inside + 1);
      if (found === inside) break;
      inside = found;
    }
    if (inside >= 0) {
      try {
        work();
      } catch {
        Atomics.store(word, ${FAILED}, 1);
      }
      if (Atomics.sub(word, ${INSIDE}, 1) === 1) Atomics.notify(word, ${INSIDE});
    }
    for (let i = 0; i < ${LOOKS} && Atomics.load(word, ${JOB}) === seen; i++);
    Atomics.wait(word, ${JOB}, seen);
    seen = Atomics.load(word, ${JOB});
  }
  globalThis.close?.();
}`;

interface NodeWorker {
  unref(): void;
  on(event: "error" | "exit", listener: () => void): void;
  terminate(): unknown;
}
interface NodeModules {
  "node:worker_threads": {
    readonly Worker: new (source: string, options: object) => NodeWorker;
  };
  "node:os": { availableParallelism(): number };
}

/** A module of Node's, where this is Node: an import of it would keep bundles out of browsers. */
function builtin<K extends keyof NodeModules>(name: K): NodeModules[K] | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => unknown };
  };
  return process?.getBuiltinModule?.(name) as NodeModules[K] | undefined;
}

export function cores(): number {
  const { hardwareConcurrency } = globalThis.navigator ?? {};
  return hardwareConcurrency ?? builtin("node:os")?.availableParallelism() ?? 1;
}

/** Starts a worker that keeps no process alive; undefined where there are none. `gone` when it has ended. */
export function startWorker(data: WorkerData, gone: () => void): Helper | undefined {
  try {
    const node = builtin("node:worker_threads");
    return node ? startInNode(node.Worker, data, gone) : startInPage(data, gone);
  } catch {
    return undefined;
  }
}

function startInNode(
  Kind: NodeModules["node:worker_threads"]["Worker"],
  workerData: WorkerData,
  gone: () => void,
): Helper {
  const source = `(${body})(require("node:worker_threads").workerData)`;
  const worker = new Kind(source, { eval: true, execArgv: [], workerData });
  worker.unref();
  worker.on("error", gone);
  worker.on("exit", gone);
  return { end: () => void worker.terminate() };
}

let url: string | undefined;

function startInPage(data: WorkerData, gone: () => void): Helper {
  const source = `onmessage = ({ data }) => (${body})(data)`;
  url ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = gone;
  worker.postMessage(data);
  return { end: () => worker.terminate() };
}

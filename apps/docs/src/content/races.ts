/** A result of the benchmarks, as docs/benchmarks.json has it. */
export interface Result {
  readonly suite: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly medianMs: number | null;
}

interface Runner {
  readonly name: string;
  /** undefined: it was not timed. */
  readonly ms?: number;
}

/** One task, and how long each library takes for it. */
export interface Race {
  readonly title: string;
  readonly note: string;
  readonly runners: readonly Runner[];
}

const libraries = [
  { name: "Evenkeel", engine: "evenkeel" },
  { name: "PyTorch", engine: "torch" },
  { name: "jax-js", engine: "jax-js" },
  { name: "TensorFlow.js", engine: "tfjs-wasm" },
];

const tasks = [
  {
    title: "Batch norm, forward and gradients",
    suite: "norm",
    case: "batchNorm 16x64x32x32",
    note: "float32 [16, 64, 32, 32]",
  },
  {
    title: "Layer norm, forward and gradients",
    suite: "norm",
    case: "layerNorm 512x768",
    note: "float32 [512, 768]",
  },
  {
    title: "A training step of ResNet-20",
    suite: "train",
    case: "ResNet-20, batch 32",
    note: "32 images of CIFAR-10's size, SGD with momentum",
  },
];

/** One thread each; of a library that was timed in several ways, its fastest. */
export function racesOf(results: readonly Result[]): readonly Race[] {
  return tasks.map(({ title, suite, case: name, note }) => ({
    title,
    note,
    runners: libraries.map(({ name: library, engine }) => {
      const times = results
        .filter((row) => row.suite === suite && row.case === name && row.threads === 1)
        .filter((row) => row.engine === engine || row.engine.startsWith(`${engine}-`))
        .filter((row) => row.engine !== "evenkeel-cpu")
        .flatMap(({ medianMs }) => (medianMs === null ? [] : [medianMs]));
      return times.length === 0 ? { name: library } : { name: library, ms: Math.min(...times) };
    }),
  }));
}

import {
  type Backend,
  cpu,
  matmul,
  ones,
  scope,
  type Tensor,
  useBackend,
} from "@evenkeel/autodiff";
import { type WasmBackend, wasm } from "@evenkeel/wasm";
import type { BenchCase, Values } from "../case.ts";
import type { Engine, Outputs } from "../suite.ts";
import { load, ourStep } from "./ours-step.ts";

/** Ours on the WebAssembly backend. It updates running statistics as well, which most peers are spared. */
export async function startEvenkeel(threads: number): Promise<Engine<BenchCase> | string> {
  const backend = wasm({ threads });
  const running = await startThreads(backend, threads);
  if (running < threads) return `only ${running} of its threads started`;
  return start("evenkeel", threads, backend);
}

/** Its workers start at a large kernel and come in between turns of the event loop. */
async function startThreads(backend: WasmBackend, threads: number): Promise<number> {
  useBackend(backend);
  const side = ones([512, 512]);
  for (let i = 0; i < 100 && backend.threads < threads; i++) {
    scope(() => void matmul(side, side));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return backend.threads;
}

/** Ours on the plain TypeScript backend. */
export function startEvenkeelCpu(): Engine<BenchCase> {
  return start("evenkeel-cpu", 1, cpu);
}

/** What is right: ours in float64, with the plain kernels. */
export function reference(benchCase: BenchCase): Outputs {
  useBackend(cpu);
  return scope(() => ourStep(benchCase, "float64").outputs());
}

function start(name: string, threads: number, backend: Backend): Engine<BenchCase> {
  // Cases that share an array share the tensor, and so its place in the caches.
  const shared = new WeakMap<Float32Array, Tensor>();
  const share = (values: Values): Tensor => {
    const known = shared.get(values.data);
    if (known !== undefined) return known;
    const made = load(values, "float32");
    shared.set(values.data, made);
    return made;
  };
  return {
    name,
    threads,
    prepare(benchCase) {
      useBackend(backend);
      const { step, outputs } = ourStep(benchCase, "float32", share);
      const { repeat = 1 } = benchCase;
      return {
        run() {
          useBackend(backend);
          for (let i = 0; i < repeat; i++) step();
          return undefined;
        },
        outputs() {
          useBackend(backend);
          return outputs();
        },
      };
    },
  };
}

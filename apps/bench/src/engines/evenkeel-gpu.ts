import {
  leaves,
  release,
  scope,
  sum,
  type Tensor,
  type Tree,
  useBackend,
} from "@evenkeel/autodiff";
import { type GpuBackend, type GpuMode, gpu, isAvailable } from "@evenkeel/gpu";
import type { BenchCase } from "../case.ts";
import type { Engine, Outputs, Prepared } from "../suite.ts";
import { load, tensorStep } from "./ours-step.ts";

/** Ours on a GPU. A string says why it cannot run here. */
export async function startEvenkeelGpu(mode: GpuMode): Promise<Engine<BenchCase> | string> {
  const found = await isAvailable({ mode });
  if (!found.available) return found.reason;
  const backend = await gpu({ mode });
  return {
    name: `evenkeel-${mode}`,
    threads: 1,
    prepare: (benchCase) => prepare(backend, benchCase),
    stop: () => void backend.destroy(),
  };
}

function prepare(backend: GpuBackend, benchCase: BenchCase): Prepared {
  const { repeat = 1 } = benchCase;
  const loaded: Tensor[] = [];
  useBackend(backend);
  const { step, outputs } = tensorStep(benchCase, "float32", (values, dtype) => {
    const made = load(values, dtype);
    loaded.push(made);
    return made;
  });
  // A gradient can be one of the arrays that came in: that of a sum is the cotangent itself.
  const forget = (made: Tree): void => release(...leaves(made).filter((t) => !loaded.includes(t)));
  return {
    async run() {
      useBackend(backend);
      for (let i = 1; i < repeat; i++) {
        const made = scope(step);
        await backend.flush();
        forget(made);
      }
      // All that a step makes is in use while its last number is read, so that nothing of it is dropped.
      const { made, probe } = scope(() => withProbe(step()));
      await probe.read();
      forget([made, probe]);
      return undefined;
    },
    async outputs() {
      useBackend(backend);
      const made = scope(outputs);
      const numbers: Outputs = await readAll(made);
      forget(made);
      return numbers;
    },
    release: () => release(...loaded),
  };
}

/** With a number that the GPU computes last. */
function withProbe(made: Tree): { readonly made: Tree; readonly probe: Tensor } {
  const smallest = leaves(made).reduce((a, b) => (b.size < a.size ? b : a));
  return { made, probe: smallest.size === 1 ? smallest : sum(smallest) };
}

async function readAll(made: Readonly<Record<string, Tensor>>): Promise<Outputs> {
  const entries = Object.entries(made).map(async ([name, t]) => [name, await t.read()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

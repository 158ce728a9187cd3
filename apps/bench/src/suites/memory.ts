import { type Backend, cpu, useBackend } from "@evenkeel/autodiff";
import { type WasmBackend, wasm } from "@evenkeel/wasm";
import type { TrainCase } from "../case.ts";
import { ourStep } from "../engines/ours-step.ts";
import { labCase } from "../networks/networks.ts";
import { median } from "../stats.ts";
import type { Outcome } from "../suite.ts";

/**
 * Trains the lab's network for 2,000 steps on each backend of ours, and looks at the memory after
 * 200 and after all: what grew between was not given back.
 *
 * @param collect - Collects garbage.
 */
export async function runMemory(
  collect: () => void,
  onTurn?: (caseName: string, engine: string) => void,
): Promise<Outcome[]> {
  const benchCase = labCase(2);
  const backends = { evenkeel: wasm(), "evenkeel-cpu": cpu };
  const outcomes: Outcome[] = [];
  for (const [engine, backend] of Object.entries(backends)) {
    onTurn?.(benchCase.name, engine);
    outcomes.push(await grow(benchCase, engine, backend, collect));
  }
  return outcomes;
}

async function grow(
  benchCase: TrainCase,
  engine: string,
  backend: Backend | WasmBackend,
  collect: () => void,
): Promise<Outcome> {
  useBackend(backend);
  const { step } = ourStep(benchCase, "float32");
  const bytes = async (): Promise<number> => {
    // Finalizers run between turns of the event loop, and what they free is collected after.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers + ("heapBytes" in backend ? backend.heapBytes : 0);
  };
  const times: number[] = [];
  const train = (steps: number): void => {
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      step();
      times.push(performance.now() - start);
    }
  };
  train(200);
  const after200 = await bytes();
  train(1800);
  const heap = { after200, after2000: await bytes() };
  const at = { suite: "memory", case: benchCase.name, engine, threads: 1 };
  return { ...at, runs: times.length, medianMs: median(times), error: null, heap };
}

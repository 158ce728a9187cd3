import { useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import type { BenchCase } from "../src/case.ts";
import { ourStep } from "../src/engines/ours-step.ts";
import type { Outputs } from "../src/suite.ts";

const backend = wasm();

/** What ours computes on WebAssembly, by one thread. */
export function onWasm(benchCase: BenchCase): Outputs {
  useBackend(backend);
  return ourStep(benchCase, "float32").outputs();
}

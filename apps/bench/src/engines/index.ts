import type { BenchCase } from "../case.ts";
import type { Engine } from "../suite.ts";
import { startCopy } from "./copy.ts";
import { startEvenkeel, startEvenkeelCpu } from "./evenkeel.ts";
import { startJax, startJaxTuned } from "./jax.ts";
import { startTfjsCpu, startTfjsWasm, startTfjsWasmComposed, startTfjsWasmCustom } from "./tfjs.ts";
import { startTorch } from "./torch.ts";

type Started = Engine<BenchCase> | string;

interface Entry {
  /** A string says why the engine cannot run here. */
  start(threads: number): Started | Promise<Started>;
  /** Runs on as many threads as it is told; the others have one. */
  readonly threaded?: boolean;
}

export const ours = "evenkeel";

export const engines: Readonly<Record<string, Entry>> = {
  [ours]: { start: startEvenkeel, threaded: true },
  "evenkeel-cpu": { start: startEvenkeelCpu },
  "jax-js": { start: startJax },
  "jax-js-tuned": { start: startJaxTuned },
  "tfjs-wasm": { start: startTfjsWasm },
  "tfjs-wasm-composed": { start: startTfjsWasmComposed },
  "tfjs-wasm-custom": { start: startTfjsWasmCustom },
  "tfjs-cpu": { start: startTfjsCpu },
  torch: { start: startTorch, threaded: true },
  copy: { start: startCopy },
};

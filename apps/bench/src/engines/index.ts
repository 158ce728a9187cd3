import type { Engine } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";
import { startCopy } from "./copy.ts";
import { startEvenkeel, startEvenkeelCpu } from "./evenkeel.ts";
import { startJax, startJaxTuned } from "./jax.ts";
import { startTfjsCpu, startTfjsWasm, startTfjsWasmComposed, startTfjsWasmCustom } from "./tfjs.ts";
import { startTorch } from "./torch.ts";

type Started = Engine<NormCase> | string;

interface Entry {
  /** A string says why the engine cannot run here. */
  start(): Started | Promise<Started>;
  /** Slow ones run only when `--engine` names them. */
  readonly byDefault: boolean;
}

export const ours = "evenkeel";

export const engines: Readonly<Record<string, Entry>> = {
  [ours]: { start: startEvenkeel, byDefault: true },
  "evenkeel-cpu": { start: startEvenkeelCpu, byDefault: true },
  "jax-js": { start: startJax, byDefault: true },
  "jax-js-tuned": { start: startJaxTuned, byDefault: true },
  "tfjs-wasm": { start: startTfjsWasm, byDefault: true },
  "tfjs-wasm-composed": { start: startTfjsWasmComposed, byDefault: true },
  "tfjs-wasm-custom": { start: startTfjsWasmCustom, byDefault: true },
  "tfjs-cpu": { start: startTfjsCpu, byDefault: false },
  torch: { start: startTorch, byDefault: true },
  copy: { start: startCopy, byDefault: true },
};

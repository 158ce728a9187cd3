import { isAvailable } from "@evenkeel/gpu";
import type { BenchCase } from "../src/case.ts";
import { startEvenkeel } from "../src/engines/evenkeel.ts";
import { startEvenkeelGpu } from "../src/engines/evenkeel-gpu.ts";
import { startJaxWebGpu, startJaxWebGpuTuned } from "../src/engines/jax-webgpu.ts";
import { startTfjsWebGl, startTfjsWebGlCustom } from "../src/engines/tfjs-webgl.ts";
import type { Engine } from "../src/suite.ts";

/** An engine that the page offers. */
export interface PageEngine {
  /** As in results. */
  readonly name: string;
  readonly about: string;
  /** Why it cannot run here; undefined where it can. */
  missing(): Promise<string | undefined>;
  /** Runs on as many threads as it is told; the others have one. */
  readonly threaded?: boolean;
  /** A string says why it cannot run after all. */
  start(threads: number): Promise<Engine<BenchCase> | string>;
}

/** The engine that the others are compared with, in results and in time. */
export const baseline = "evenkeel";

const always = async (): Promise<undefined> => undefined;
const without = (mode: "webgpu" | "webgl2") => async (): Promise<string | undefined> => {
  const found = await isAvailable({ mode });
  return found.available ? undefined : found.reason.replace(`${mode}: `, "");
};

export const pageEngines: readonly PageEngine[] = [
  {
    name: baseline,
    about: "ours on WebAssembly; the others are compared with it",
    missing: always,
    threaded: true,
    start: startEvenkeel,
  },
  {
    name: "evenkeel-webgpu",
    about: "ours on WebGPU",
    missing: without("webgpu"),
    start: () => startEvenkeelGpu("webgpu"),
  },
  {
    name: "evenkeel-webgl2",
    about: "ours on WebGL2",
    missing: without("webgl2"),
    start: () => startEvenkeelGpu("webgl2"),
  },
  {
    name: "jax-js-webgpu",
    about: "jax-js on WebGPU",
    missing: without("webgpu"),
    start: startJaxWebGpu,
  },
  {
    name: "jax-js-webgpu-tuned",
    about: "jax-js, batch norm with channels last",
    missing: without("webgpu"),
    start: startJaxWebGpuTuned,
  },
  {
    name: "tfjs-webgl",
    about: "TensorFlow.js on WebGL",
    missing: without("webgl2"),
    start: startTfjsWebGl,
  },
  {
    name: "tfjs-webgl-custom",
    about: "TensorFlow.js, norms by a customGrad of our own",
    missing: without("webgl2"),
    start: startTfjsWebGlCustom,
  },
];

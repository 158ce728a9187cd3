import type { BenchCase } from "../case.ts";
import type { Engine } from "../suite.ts";
import { jaxLayer, tunedJaxLayer } from "./jax-layers.ts";
import { prepareLayer } from "./jax-prepare.ts";
import { readingByWaiting } from "./jax-reading.ts";
import { prepareTraining } from "./jax-train.ts";

/** jax-js on WebGPU, one `jit` around forward and backward. A string says why it cannot run here. */
export function startJaxWebGpu(): Promise<Engine<BenchCase> | string> {
  return start("jax-js-webgpu", jaxLayer, true);
}

/** With batch norm as a user who measures would write it. */
export function startJaxWebGpuTuned(): Promise<Engine<BenchCase> | string> {
  return start("jax-js-webgpu-tuned", tunedJaxLayer, false);
}

async function start(
  name: string,
  layerOf: typeof jaxLayer | typeof tunedJaxLayer,
  trains: boolean,
): Promise<Engine<BenchCase> | string> {
  const jax = await import("@jax-js/jax");
  const devices = await jax.init("webgpu");
  if (!devices.includes("webgpu")) return "jax-js finds no WebGPU";
  jax.defaultDevice("webgpu");
  const reading = readingByWaiting(jax);
  return {
    name,
    threads: 1,
    prepare(benchCase) {
      if (benchCase.type === "layer") {
        return prepareLayer(jax, benchCase, layerOf(jax, benchCase), reading);
      }
      return trains ? prepareTraining(jax, benchCase, reading) : null;
    },
  };
}

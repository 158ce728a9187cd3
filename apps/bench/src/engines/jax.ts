import { availableParallelism } from "node:os";
import type { BenchCase } from "../case.ts";
import type { Engine, Prepared } from "../suite.ts";
import { type Jax, jaxLayer, tunedJaxLayer } from "./jax-layers.ts";
import { prepareLayer } from "./jax-prepare.ts";
import { readingAtOnce } from "./jax-reading.ts";
import { prepareTraining } from "./jax-train.ts";

/**
 * jax-js on its wasm backend, the fastest that Node has of it: one `jit` around forward and backward.
 *
 * Its wasm backend spreads kernels over a pool of global `Worker`s, one per core. Node has no such
 * global, and then it computes on the calling thread.
 */
export function startJax(): Promise<Engine<BenchCase>> {
  return start("jax-js", (jax, benchCase) =>
    benchCase.type === "train"
      ? prepareTraining(jax, benchCase, readingAtOnce(jax))
      : prepareLayer(jax, benchCase, jaxLayer(jax, benchCase), readingAtOnce(jax)),
  );
}

/** jax-js with the layers in which a user who measures would write them. */
export function startJaxTuned(): Promise<Engine<BenchCase>> {
  return start("jax-js-tuned", (jax, benchCase) =>
    benchCase.type === "train"
      ? null
      : prepareLayer(jax, benchCase, tunedJaxLayer(jax, benchCase), readingAtOnce(jax)),
  );
}

type Prepare = (jax: Jax, benchCase: BenchCase) => Promise<Prepared | null> | Prepared | null;

async function start(name: string, ready: Prepare): Promise<Engine<BenchCase>> {
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return {
    name,
    threads: "Worker" in globalThis ? availableParallelism() : 1,
    prepare: (benchCase) => ready(jax, benchCase),
  };
}

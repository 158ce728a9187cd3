import { availableParallelism } from "node:os";
import type { numpy as np } from "@jax-js/jax";
import { type BenchCase, gradientName, type LayerCase, type Values } from "../case.ts";
import type { Engine, Prepared } from "../suite.ts";
import {
  type Jax,
  type JaxInputs,
  type JaxLayer,
  jaxLayer,
  loadJax,
  tunedJaxLayer,
} from "./jax-layers.ts";
import { prepareTraining } from "./jax-train.ts";
import { permuted, restored } from "./layout.ts";

/**
 * jax-js on its wasm backend, the fastest that Node has of it: one `jit` around forward and backward.
 *
 * Its wasm backend spreads kernels over a pool of global `Worker`s, one per core. Node has no such
 * global, and then it computes on the calling thread.
 */
export function startJax(): Promise<Engine<BenchCase>> {
  return start("jax-js", (jax, benchCase) =>
    benchCase.type === "train"
      ? prepareTraining(jax, benchCase)
      : prepare(jax, benchCase, jaxLayer(jax, benchCase)),
  );
}

/** jax-js with the layers in which a user who measures would write them. */
export function startJaxTuned(): Promise<Engine<BenchCase>> {
  return start("jax-js-tuned", (jax, benchCase) =>
    benchCase.type === "train" ? null : prepare(jax, benchCase, tunedJaxLayer(jax, benchCase)),
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

async function prepare(
  jax: Jax,
  { inputs, g, repeat = 1 }: LayerCase,
  layer: JaxLayer | null,
): Promise<Prepared | null> {
  if (layer === null) return null;
  const { layouts, forward, eager = false } = layer;
  const names = Object.keys(inputs);
  const args = names.map((name) => loadJax(jax, permuted(inputs[name]!, layouts[name])));
  const cotangent = loadJax(jax, permuted(g, layouts["output"]));
  const f = (...given: np.Array[]): np.Array =>
    forward(Object.fromEntries(names.map((name, i) => [name, given[i]!])) as JaxInputs);
  const both = (given: np.Array[], dy: np.Array): np.Array[] => {
    const [y, pullback] = jax.vjp(f, given);
    return [y, ...(pullback(dy) as np.Array[])];
  };
  const step = eager ? both : jax.jit(both);
  const once = (): np.Array[] =>
    step(
      args.map((a) => a.ref),
      cotangent.ref,
    );
  await jax.blockUntilReady([...args, cotangent]);
  return {
    async run() {
      for (let i = 0; i < repeat; i++) {
        const results = once();
        await jax.blockUntilReady(results);
        for (const result of results) result.dispose();
      }
      return undefined;
    },
    outputs() {
      const [output, ...grads] = once();
      const read = (a: np.Array, name: string, { shape }: Values): ArrayLike<number> =>
        restored(a.dataSync(), shape, layouts[name]);
      return {
        output: read(output!, "output", g),
        ...Object.fromEntries(
          names.map((name, i) => [gradientName(name), read(grads[i]!, name, inputs[name]!)]),
        ),
      };
    },
    release() {
      for (const a of [...args, cotangent]) a.dispose();
    },
  };
}

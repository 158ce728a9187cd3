import type { BenchCase, LayerCase } from "../case.ts";
import type { Engine } from "../suite.ts";
import { tfjsLayer } from "./tfjs-layers.ts";
import { loadTfjs, type Tfjs, type TfjsBackend } from "./tfjs-load.ts";
import { composedNorm, customGradNorm, libraryNorm, type TfjsLayer } from "./tfjs-norms.ts";
import { prepareLayer } from "./tfjs-prepare.ts";
import { readingAtOnce } from "./tfjs-reading.ts";
import { prepareTraining } from "./tfjs-train.ts";

type MakeLayer = (tf: Tfjs, benchCase: LayerCase) => TfjsLayer | null;

/** What tfjs has for it: for norms `moments` and `batchNorm`, the ops of its layers. */
export function startTfjsWasm(): Promise<Engine<BenchCase>> {
  const layer: MakeLayer = (tf, one) => libraryNorm(tf, one) ?? tfjsLayer(tf, one);
  return start("tfjs-wasm", "wasm", layer, true);
}

/**
 * The norms from primitives, channels first: over four times as fast as the library's own op, whose
 * gradient tiles and multiplies several arrays of x's size.
 */
export function startTfjsWasmComposed(): Promise<Engine<BenchCase>> {
  return start("tfjs-wasm-composed", "wasm", composedNorm, false);
}

/** The most that a user of tfjs can do: the gradient derived by hand and given to `customGrad`. */
export function startTfjsWasmCustom(): Promise<Engine<BenchCase>> {
  return start("tfjs-wasm-custom", "wasm", customGradNorm, false);
}

/** The plain JavaScript backend. */
export function startTfjsCpu(): Promise<Engine<BenchCase>> {
  const layer: MakeLayer = (tf, one) => composedNorm(tf, one) ?? tfjsLayer(tf, one);
  return start("tfjs-cpu", "cpu", layer, true);
}

async function start(
  name: string,
  backend: Exclude<TfjsBackend, "webgl">,
  makeLayer: MakeLayer,
  trains: boolean,
): Promise<Engine<BenchCase>> {
  const tf = await loadTfjs(backend);
  return {
    name,
    threads: 1,
    async prepare(benchCase) {
      await tf.setBackend(backend);
      if (benchCase.type === "train") {
        return trains ? prepareTraining(tf, backend, benchCase, readingAtOnce) : null;
      }
      const layer = makeLayer(tf, benchCase);
      return layer && prepareLayer(tf, backend, benchCase, layer, readingAtOnce);
    },
  };
}

import type { Tensor } from "@tensorflow/tfjs-core";
import { type BenchCase, gradientName, type LayerCase, type Values } from "../case.ts";
import type { Engine, Prepared } from "../suite.ts";
import { permuted, restored } from "./layout.ts";
import { tfjsLayer } from "./tfjs-layers.ts";
import { loadTfjs, type Tfjs, type TfjsBackend } from "./tfjs-load.ts";
import { composedNorm, customGradNorm, libraryNorm, type TfjsLayer } from "./tfjs-norms.ts";
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
  backend: TfjsBackend,
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
        return trains ? prepareTraining(tf, backend, benchCase) : null;
      }
      const layer = makeLayer(tf, benchCase);
      return layer && prepare(tf, backend, benchCase, layer);
    },
  };
}

function prepare(
  tf: Tfjs,
  backend: TfjsBackend,
  { inputs, g, repeat = 1 }: LayerCase,
  { layouts, forward }: TfjsLayer,
): Prepared {
  const load = (values: Values, name: string): Tensor => {
    const { data, shape } = permuted(values, layouts[name]);
    return tf.tensor(data, [...shape]);
  };
  const names = Object.keys(inputs);
  const args = names.map((name) => load(inputs[name]!, name));
  const dy = load(g, "output");
  const f = (...given: Tensor[]): Tensor =>
    forward(Object.fromEntries(names.map((name, i) => [name, given[i]!])));
  const gradients = tf.grads(f);
  // Both backends compute at once, on this thread: when the call returns, all is done.
  const step = (): Tensor[] => gradients(args, dy);
  const read = (t: Tensor, name: string, { shape }: Values): ArrayLike<number> =>
    restored(t.dataSync(), shape, layouts[name]);
  return {
    async run() {
      await tf.setBackend(backend);
      for (let i = 0; i < repeat; i++) tf.dispose(step());
      return undefined;
    },
    async outputs() {
      await tf.setBackend(backend);
      const grads = step();
      const named = names.map((name, i) => [
        gradientName(name),
        read(grads[i]!, name, inputs[name]!),
      ]);
      tf.dispose(grads);
      const y = tf.tidy(() => f(...args));
      const output = read(y, "output", g);
      y.dispose();
      return { output, ...Object.fromEntries(named) };
    },
    release: () => tf.dispose([...args, dy]),
  };
}

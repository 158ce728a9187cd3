import type { Tensor } from "@tensorflow/tfjs-core";
import { gradientName, type LayerCase, type Values } from "../case.ts";
import type { Prepared } from "../suite.ts";
import { permuted, restored } from "./layout.ts";
import type { Tfjs, TfjsBackend } from "./tfjs-load.ts";
import type { TfjsLayer } from "./tfjs-norms.ts";
import type { TfjsReading } from "./tfjs-reading.ts";

export function prepareLayer(
  tf: Tfjs,
  backend: TfjsBackend,
  { inputs, g, repeat = 1 }: LayerCase,
  { layouts, forward }: TfjsLayer,
  { finish, read }: TfjsReading,
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
  const step = (): Tensor[] => gradients(args, dy);
  return {
    async run() {
      await tf.setBackend(backend);
      for (let i = 0; i < repeat; i++) {
        const results = step();
        if (i === repeat - 1) await finish?.(results);
        tf.dispose(results);
      }
      return undefined;
    },
    async outputs() {
      await tf.setBackend(backend);
      const grads = step();
      const numbers: Record<string, ArrayLike<number>> = {};
      for (const [i, name] of names.entries()) {
        const { shape } = inputs[name]!;
        numbers[gradientName(name)] = restored(await read(grads[i]!), shape, layouts[name]);
      }
      tf.dispose(grads);
      const y = tf.tidy(() => f(...args));
      numbers["output"] = restored(await read(y), g.shape, layouts["output"]);
      y.dispose();
      return numbers;
    },
    release: () => tf.dispose([...args, dy]),
  };
}

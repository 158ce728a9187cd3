import type { numpy as np } from "@jax-js/jax";
import { gradientName, type LayerCase } from "../case.ts";
import type { Prepared } from "../suite.ts";
import { type Jax, type JaxInputs, type JaxLayer, loadJax } from "./jax-layers.ts";
import type { JaxReading } from "./jax-reading.ts";
import { permuted, restored } from "./layout.ts";

/** @returns null where there is no layer. */
export async function prepareLayer(
  jax: Jax,
  { inputs, g, repeat = 1 }: LayerCase,
  layer: JaxLayer | null,
  { finish, read }: JaxReading,
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
        await finish(results);
        for (const result of results) result.dispose();
      }
      return undefined;
    },
    async outputs() {
      const [output, ...grads] = once();
      const numbers: Record<string, ArrayLike<number>> = {};
      numbers["output"] = restored(await read(output!), g.shape, layouts["output"]);
      for (const [i, name] of names.entries()) {
        const { shape } = inputs[name]!;
        numbers[gradientName(name)] = restored(await read(grads[i]!), shape, layouts[name]);
      }
      return numbers;
    },
    release() {
      for (const a of [...args, cotangent]) a.dispose();
    },
  };
}

import { existsSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

export type Tfjs = typeof import("@tensorflow/tfjs-core");
export type TfjsBackend = "wasm" | "cpu" | "webgl";

/**
 * tfjs-core with gradients and one backend. The wasm backend takes its SIMD build by itself; in
 * Node it has no threaded one, and one thread is asked for all the same.
 */
export async function loadTfjs(backend: Exclude<TfjsBackend, "webgl">): Promise<Tfjs> {
  const tf = await import("@tensorflow/tfjs-core");
  await registerGradients();
  if (backend === "cpu") {
    await import("@tensorflow/tfjs-backend-cpu");
  } else {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    wasm.setThreadsCount(1);
    wasm.setWasmPaths(join(dirname(main), sep));
  }
  await tf.setBackend(backend);
  return tf;
}

/**
 * The Node build of tfjs-core leaves its gradients out. They are in a module written for bundlers,
 * which leaves the endings of file names out; this hook puts them back while it loads. The two
 * builds share one engine and one registry.
 */
async function registerGradients(): Promise<void> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const from = context.parentURL;
      if (!from?.includes("/@tensorflow/tfjs-core/dist/") || !specifier.startsWith(".")) {
        return next(specifier, context);
      }
      const file = fileURLToPath(new URL(`${specifier}.js`, from));
      return next(`${specifier}${existsSync(file) ? ".js" : "/index.js"}`, context);
    },
  });
  try {
    await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  } finally {
    hooks.deregister();
  }
}

import { at, float32, type Kernel } from "./kernel.ts";
import type { Exports } from "./module.ts";

/** nn's cross-entropy of class ids is known by name and parameters; see its ops/cross-entropy.ts. */
export function lossKernels(wasm: Exports): [string, Kernel][] {
  return [
    [
      "crossEntropy",
      (out, [logits, ids], params) => {
        if (!float32(out, ids!)) return false;
        const [samples, classes] = logits!.shape as [number, number];
        wasm.crossEntropy(at(out), at(logits!), at(ids!), samples, classes, params as number);
        return true;
      },
    ],
    [
      "crossEntropyGradient",
      (out, [logits, ids, g], params) => {
        if (!float32(out, ids!)) return false;
        const [samples, classes] = logits!.shape as [number, number];
        const inputs = [at(logits!), at(ids!), at(g!)] as const;
        wasm.crossEntropyGradient(at(out), ...inputs, samples, classes, params as number);
        return true;
      },
    ],
  ];
}

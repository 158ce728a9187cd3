import { at, float32, type Kernel } from "./kernel.ts";
import type { Exports } from "./module.ts";

/** Ops of nn's optimizers are known by name and parameters; see its optim/kernels.ts. */
interface AdamStep {
  readonly kept: number;
  readonly size: number;
  readonly correction: number;
  readonly eps: number;
}

export function optimizerKernels(wasm: Exports): [string, Kernel][] {
  return [
    [
      "combine",
      (out, [x, y], params) => {
        if (!float32(out)) return false;
        const [a, b] = params as readonly [number, number];
        wasm.combine(at(out), at(x!), at(y!), out.size, a, b);
        return true;
      },
    ],
    [
      "secondMoment",
      (out, [v, g], params) => {
        if (!float32(out)) return false;
        wasm.secondMoment(at(out), at(v!), at(g!), out.size, params as number);
        return true;
      },
    ],
    [
      "adamStep",
      (out, [p, m, v], params) => {
        if (!float32(out)) return false;
        const { kept, size, correction, eps } = params as AdamStep;
        const inputs = [at(p!), at(m!), at(v!)] as const;
        wasm.adamStep(at(out), ...inputs, out.size, kept, size, correction, eps);
        return true;
      },
    ],
  ];
}

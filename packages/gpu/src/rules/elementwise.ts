import { sameShape } from "@evenkeel/autodiff";
import type { GpuOp } from "../rule.ts";
import { broadcastOver, placeOf } from "./indices.ts";

/** An elementwise op with broadcasting, from the scalar rule that the plain kernels run. */
export function elementwise(name: string, scalar: (...x: number[]) => number): GpuOp {
  return {
    lower: (inputs, { shapes, out }) => ({
      size: out.reduce((n, s) => n * s, 1),
      inputs,
      pointwise: true,
      write: (w, at) => {
        const x = inputs.map((_, k) => {
          if (inputs[k]!.size === 1) return w.read(k, "0");
          const same = sameShape(shapes[k]!, out);
          return w.read(k, same ? at : w.index(placeOf("a", broadcastOver(shapes[k]!, out)), at));
        });
        return w.apply(name, scalar, x);
      },
    }),
  };
}

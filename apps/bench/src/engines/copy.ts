import type { BenchCase } from "../case.ts";
import type { Engine } from "../suite.ts";

/** Copying x once: the floor below which nothing that reads x and writes an output can get. */
export function startCopy(): Engine<BenchCase> {
  return {
    name: "copy",
    threads: 1,
    prepare(benchCase) {
      if (benchCase.type !== "layer" || benchCase.layer.kind !== "norm") return null;
      const x = benchCase.inputs["x"]!.data;
      const target = new Float32Array(x.length);
      return {
        run() {
          target.set(x);
          return undefined;
        },
        outputs: () => null,
      };
    },
  };
}

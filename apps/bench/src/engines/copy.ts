import type { Engine } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";

/** Copying x once: the floor below which nothing that reads x and writes an output can get. */
export function startCopy(): Engine<NormCase> {
  return {
    name: "copy",
    threads: 1,
    prepare({ x }) {
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

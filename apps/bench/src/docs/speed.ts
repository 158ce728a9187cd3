import { threeDigits } from "../figures.ts";
import { showMachine } from "../machine.ts";
import type { Benchmarks } from "./benchmarks.ts";
import { markdownTable, ours } from "./tables.ts";

/** What the README shows, by the names that the suites have for it. */
const cases = {
  "batchNorm 16x64x32x32": "batch norm and its gradients, [16, 64, 32, 32]",
  "layerNorm 512x768": "layer norm and its gradients, [512, 768]",
  "conv2d 3x3 64 to 64, 16x64x32x32": "3×3 convolution and its gradients, [16, 64, 32, 32]",
  "ResNet-20, batch 32": "training step of ResNet-20, 32 images",
  "the lab's network, batch 32": "training step of a small network, 32 images",
} as const;

/** Libraries, and the names that their forms begin with. */
const libraries = { PyTorch: "torch", "jax-js": "jax-js", tfjs: "tfjs" } as const;

/** A short table for the README: each library in its fastest form. */
export function speedTable({ machine, results }: Benchmarks): string {
  const rows = Object.entries(cases).flatMap(([name, says]) => {
    const single = results.filter((row) => row.case === name && row.threads === 1);
    const fastest = (is: (engine: string) => boolean): string => {
      const times = single.filter(({ engine }) => is(engine)).map(({ medianMs }) => medianMs);
      return times.length === 0 ? "" : threeDigits(Math.min(...times));
    };
    const others = Object.values(libraries).map((begin) => fastest((e) => e.startsWith(begin)));
    const own = fastest((engine) => engine === ours);
    return own === "" ? [] : [[says, own, ...others]];
  });
  const table = markdownTable(["one thread, ms", "Evenkeel", ...Object.keys(libraries)], rows);
  return `${table}\n${showMachine(machine)}.\n`;
}

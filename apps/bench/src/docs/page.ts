import type { Result } from "../result.ts";
import type { Benchmarks } from "./benchmarks.ts";
import { normSection } from "./norms.ts";
import { byCase, heapTable, layerTable, markdownTable, microTable, stepTable } from "./tables.ts";

const head = `# Benchmarks

Made by \`npm run generate\` from [\`benchmarks.json\`](benchmarks.json), which
\`npm run bench -- --suite all --docs\` measures on the machine at hand.

Figures are medians. In every table the engines took turns in one process (PyTorch in a child process
that stays open and keeps the time itself), so that whatever else the machine did fell on all alike. A turn
is an untimed run and a timed one; of runs of a tenth of a second and more, all are timed. Slow engines make
fewer runs, three at least; the tables say how many were timed. Numbers are float32. Before an engine is
timed, its output and gradients, or its loss and gradients, are compared with ours in float64; one that is
further off than a thousandth of the largest value is not timed.

All of it runs on the processor. What a GPU takes, a page times in your browser:
[apps/bench](../apps/bench/README.md#the-page).

**Forward and gradients** of a layer are its output and the gradients of all its inputs for a given gradient of
the output, the same random array for all engines. No loss is part of it. Ours is \`vjp\` and its pullback,
PyTorch's \`torch.autograd.grad(y, inputs, g)\`, jax-js' \`vjp\` under \`jit\`, tfjs'
\`tf.grads(f)(inputs, dy)\`.

"/ ours" is an engine's time over that of \`evenkeel\` on as many threads: above 1 it is slower than ours.
`;

const engines = `| engine | what it is |
| --- | --- |
| \`evenkeel\` | ours on the WebAssembly backend |
| \`evenkeel-cpu\` | ours on the plain TypeScript backend |
| \`jax-js\` | its wasm backend under \`jit\`, which has one thread in Node |
| \`jax-js-tuned\` | the same, batch norm with channels last and the variance E[x²] − E[x]² |
| \`tfjs-wasm\` | its wasm backend, which has one thread in Node, by the ops that its layers use |
| \`tfjs-wasm-composed\` | norms from primitives, channels first |
| \`tfjs-wasm-custom\` | norms whose gradient is derived by hand and given to \`customGrad\` |
| \`tfjs-cpu\` | its plain JavaScript backend |
| \`torch\` | PyTorch on the CPU, images with channels last where that is faster |
| \`copy\` | copying x once |

tfjs' wasm backend has no gradient of a convolution's filters, so it trains no convolutional network, and it
loses the gradient of max pooling where a window's largest value is negative, so it is not timed there. Its
plain JavaScript backend takes minutes over large convolutions, and jax-js over ResNet-20 at batch 32: they have
smaller cases beside, and run the large ones only when \`--engine\` names them. Convolutions alone run without
\`jit\` in jax-js, which is faster there. Batch norm updates running statistics in ours and in PyTorch, which
the others are spared.
`;

const forward = `Forward, the gradients of all inputs, and in GFLOP/s what that takes when done directly, a multiplication
with its addition counted as two operations.

`;

const training = `Forward, backward and SGD with momentum 0.9, from a batch to the next parameters; cross-entropy of ten
classes. At batch 32 ResNet-20 always has ReLU inputs so near 0 that rounding puts them on different sides in
different engines, and gradients jump there. So at batch 32 only the loss and the last layer's gradients are
compared; all gradients are compared on two images whose ReLU inputs keep away from 0.

`;

const memory = `Bytes in use by the whole process after garbage collection (V8's heap, array buffers, WebAssembly memory),
after 200 steps of training and after 2,000.

`;

/** docs/benchmarks.md. */
export function benchmarksText({ machine, results }: Benchmarks): string {
  const section = (
    title: string,
    suite: string,
    render: (rows: readonly Result[]) => string,
  ): string => {
    const rows = results.filter((row) => row.suite === suite);
    return rows.length === 0 ? "" : `## ${title}\n\n${render(rows)}`;
  };
  const parts = [
    head,
    `## Machine\n\n${machineTable(machine)}`,
    `## Engines\n\n${engines}`,
    section("Norms", "norm", normSection),
    section("Layers", "nn", (rows) => forward + byCase(rows, layerTable)),
    section("Training", "train", (rows) => training + byCase(rows, stepTable)),
    section("Overhead", "overhead", (rows) => byCase(rows, microTable)),
    section("Memory", "memory", (rows) => memory + byCase(rows, heapTable)),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function machineTable({
  processor,
  cores,
  platform,
  node,
  versions,
}: Benchmarks["machine"]): string {
  return markdownTable(
    ["", ""],
    [
      ["processor", processor],
      ["cores", String(cores)],
      ["platform", platform],
      ["Node", node],
      ...Object.entries(versions),
    ],
  );
}

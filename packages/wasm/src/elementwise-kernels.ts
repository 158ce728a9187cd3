import type { Tensor } from "@evenkeel/autodiff";
import { at, type Kernel } from "./kernel.ts";
import type { Each, Exports, Walk } from "./module.ts";
import { type Rows, rowsOf } from "./rows.ts";

const inOneRow = [0, 0, 1] as const;
const repeated = [0, 0, 0] as const;

/** Elementwise ops with broadcasting, functions of one input, conversions. */
export function elementwiseKernels(wasm: Exports): [string, Kernel][] {
  return [
    ...(["add", "sub", "mul", "div"] as const).map((name, op): [string, Kernel] => [
      name,
      walked(wasm[name], (...numbers) => wasm.zip64(op, ...numbers)),
    ]),
    ["gate", walked(wasm.gate)],
    ["where", walked(wasm.where)],
    ["broadcastTo", walked(wasm.spread, wasm.spread64)],
    ...(["neg", "square", "sqrt", "reciprocal", "rsqrt"] as const).map(
      (name, op): [string, Kernel] => [
        name,
        mapped(wasm[name], (out, x, n) => wasm.map64(op, out, x, n)),
      ],
    ),
    ["relu", mapped(wasm.relu)],
    ["abs", mapped(wasm.abs)],
    ["cast", (out, [x]) => converted(wasm, out, x!)],
  ];
}

/** A kernel over rows, for float32 and, where there is one, for float64. */
function walked(float32: Walk, float64?: Walk): Kernel {
  return (out, inputs) => {
    const run = out.dtype === "float32" ? float32 : float64;
    // Inputs of out's size and single numbers need no thought.
    const rows = run && (simpleRows(out, inputs) ?? general(out, inputs));
    if (!run || !rows) return false;
    const [n0, n1, n] = rows.sizes;
    if (inputs.length === 2) {
      const [[a0, a1, a2], [b0, b1, b2]] = rows.steps as Pair;
      run(at(out), at(inputs[0]!), at(inputs[1]!), n0, n1, n, a0, a1, a2, b0, b1, b2);
    } else run(at(out), ...inputs.map(at), n0, n1, n, ...rows.steps.flat());
    return true;
  };
}
type Pair = readonly [Rows["sizes"], Rows["sizes"]];

/** One element after the other. */
function mapped(float32: Each, float64?: Each): Kernel {
  return (out, [x]) => {
    const run = out.dtype === "float32" ? float32 : float64;
    if (!run) return false;
    run(at(out), at(x!), out.size);
    return true;
  };
}

function simpleRows(out: Tensor, inputs: readonly Tensor[]): Rows | undefined {
  const steps = [];
  for (const t of inputs) {
    if (t.size === out.size) steps.push(inOneRow);
    else if (t.size === 1) steps.push(repeated);
    else return undefined;
  }
  return { sizes: [1, 1, out.size], steps };
}

function general(out: Tensor, inputs: readonly Tensor[]): Rows | undefined {
  return rowsOf(
    out.shape,
    inputs.map((t) => t.shape),
  );
}

function converted(wasm: Exports, out: Tensor, x: Tensor): boolean {
  if (out.dtype === x.dtype) return false;
  const run = out.dtype === "float64" ? wasm.promote : wasm.demote;
  run(at(out), at(x), x.size);
  return true;
}

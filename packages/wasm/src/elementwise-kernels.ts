import type { Tensor } from "@evenkeel/autodiff";
import { at, type Kernel, LARGE, parts, type Threads, unitOf } from "./kernel.ts";
import type { Each, Exports, Walk } from "./module.ts";
import { boxesOf, eachOuter, type Rows, rowsOf } from "./rows.ts";

const inOneRow = [0, 0, 1] as const;
const repeated = [0, 0, 0] as const;

// In the order of the float64 kernels' numbers; see assembly/double.as.
const arithmetic = ["add", "sub", "mul", "div"] as const;
const choices = ["gate", "maximum", "minimum", "less", "greater", "equal"] as const;
const binary = [...arithmetic, ...choices] as const;
const unary = ["neg", "square", "sqrt", "reciprocal", "rsqrt", "relu", "abs", "sign"] as const;

/** Elementwise ops with broadcasting, functions of one input, conversions. */
export function elementwiseKernels(wasm: Exports, threads: Threads): [string, Kernel][] {
  const walked = (name: Name, float64?: Walk): [string, Kernel] => {
    return [name, walk(threads, name, wasm[name] as Walk, float64)];
  };
  const mapped = (name: Name, float64?: Each): [string, Kernel] => {
    return [name, map(threads, name, wasm[name] as Each, float64)];
  };
  return [
    ...binary.map((name, op) => walked(name, (...numbers) => wasm.zip64(op, ...numbers))),
    ...unary.map((name, op) => mapped(name, (out, x, n) => wasm.map64(op, out, x, n))),
    walked("where", wasm.where64),
    walked("pow"),
    ...(["exp", "log", "tanh", "sigmoid", "erf"] as const).map((name) => mapped(name)),
    ["cast", (out, [x]) => converted(wasm, out, x!)],
  ];
}

type Name = keyof Exports;

/** A kernel over rows, for float32 and, where there is one, for float64. */
function walk(threads: Threads, name: Name, float32: Walk, float64?: Walk): Kernel {
  return (out, inputs) => {
    const wide = out.dtype === "float64";
    const run = wide ? float64 : float32;
    if (!run) return false;
    // Inputs of out's size and single numbers need no thought, and pairs of them are most of a small step.
    if (inputs.length === 2 && (threads.most === 1 || out.size < LARGE)) {
      const [a, b] = [stepOf(out, inputs[0]!), stepOf(out, inputs[1]!)];
      if (a >= 0 && b >= 0) {
        run(at(out), at(inputs[0]!), at(inputs[1]!), 1, 1, out.size, 0, 0, a, 0, 0, b);
        return true;
      }
    }
    const rows = simpleRows(out, inputs) ?? general(out, inputs);
    const [n0, n1, n] = rows.sizes;
    if (threads.most > 1 && out.size >= LARGE && !wide && !rows.outer) {
      threads.split(name, callsOf(rows, [out, ...inputs]));
    } else if (rows.outer) {
      const bytes = wide ? 8 : 4;
      let to = at(out);
      eachOuter(rows.outer, (...offsets) => {
        const from = inputs.map((t, k) => at(t) + offsets[k]! * bytes);
        run(to, ...from, n0, n1, n, ...rows.steps.flat());
        to += n0 * n1 * n * bytes;
      });
    } else if (inputs.length === 2) {
      const [[a0, a1, a2], [b0, b1, b2]] = rows.steps as Pair;
      run(at(out), at(inputs[0]!), at(inputs[1]!), n0, n1, n, a0, a1, a2, b0, b1, b2);
    } else run(at(out), ...inputs.map(at), n0, n1, n, ...rows.steps.flat());
    return true;
  };
}
type Pair = readonly [Rows["sizes"], Rows["sizes"]];

/** Calls over parts of the rows, for threads; float32. */
function callsOf(rows: Rows, arrays: readonly Tensor[]): number[][] {
  const steps = rows.steps.flat();
  return boxesOf(rows).map(({ offsets, sizes }) => [
    ...arrays.map((t, i) => at(t) + 4 * offsets[i]!),
    ...sizes,
    ...steps,
  ]);
}

/** One element after the other. */
function map(threads: Threads, name: Name, float32: Each, float64?: Each): Kernel {
  return (out, [x]) => {
    const wide = out.dtype === "float64";
    const run = wide ? float64 : float32;
    if (!run) return false;
    if (threads.most === 1 || out.size < LARGE || wide) run(at(out), at(x!), out.size);
    else {
      const cuts = parts(out.size, unitOf(out.size));
      const calls = cuts.map(([from, to]) => [at(out) + 4 * from, at(x!) + 4 * from, to - from]);
      threads.split(name, calls);
    }
    return true;
  };
}

/** The step through an input that is as large as the result (1) or a single number (0); −1 for others. */
function stepOf(out: Tensor, t: Tensor): number {
  return t.size === out.size ? 1 : t.size === 1 ? 0 : -1;
}

function simpleRows(out: Tensor, inputs: readonly Tensor[]): Rows | undefined {
  const steps = inputs.map((t) => stepOf(out, t));
  if (steps.includes(-1)) return undefined;
  return { sizes: [1, 1, out.size], steps: steps.map((step) => (step ? inOneRow : repeated)) };
}

function general(out: Tensor, inputs: readonly Tensor[]): Rows {
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

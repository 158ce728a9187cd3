import type { Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, LARGE, parts, type Threads, unitOf } from "./kernel.ts";
import type { Exports } from "./module.ts";

/** Ops of nn's optimizers are known by name and parameters; see its optim/kernels.ts. */
interface AdamStep {
  readonly kept: number;
  readonly size: number;
  readonly correction: number;
  readonly eps: number;
}

export function optimizerKernels(wasm: Exports, threads: Threads): [string, Kernel][] {
  /** Calls kernel(out, ...inputs, n, ...numbers), where it is large in parts. */
  const step = (kernel: Name, arrays: readonly Tensor[], ...numbers: number[]): boolean => {
    if (!float32(...arrays)) return false;
    const { size } = arrays[0]!;
    const run = wasm[kernel] as (...all: readonly number[]) => void;
    if (threads.most === 1 || size < LARGE) run(...arrays.map(at), size, ...numbers);
    else {
      const calls = parts(size, unitOf(size)).map(([from, to]) => [
        ...arrays.map((t) => at(t) + 4 * from),
        to - from,
        ...numbers,
      ]);
      threads.split(kernel, calls);
    }
    return true;
  };
  return [
    ["combine", (out, inputs, params) => step("combine", [out, ...inputs], ...(params as Pair))],
    [
      "secondMoment",
      (out, inputs, params) => step("secondMoment", [out, ...inputs], params as number),
    ],
    [
      "adamStep",
      (out, inputs, params) => {
        const { kept, size, correction, eps } = params as AdamStep;
        return step("adamStep", [out, ...inputs], kept, size, correction, eps);
      },
    ],
  ];
}
type Name = "combine" | "secondMoment" | "adamStep";
type Pair = readonly [number, number];

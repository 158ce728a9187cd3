import type { Shape, Tensor } from "@evenkeel/autodiff";
import type { Scratch } from "./kernel.ts";
import { at, type Kernel } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { sumsOf } from "./rows.ts";

/** Sums, and slices and pads that are one piece of memory: those along the first axis. */
export function movementKernels(wasm: Exports, scratch: Scratch): [string, Kernel][] {
  return [
    [
      "sum",
      (out, [x], params) => {
        const { axes } = params as { readonly axes: readonly number[] };
        const sizes = sumsOf(x!.shape, axes);
        const wide = out.dtype === "float64";
        const room = sizes && scratch(wide ? 0 : 8 * sizes[2]);
        if (!sizes || room === undefined) return false;
        if (wide) wasm.sum64(at(out), at(x!), ...sizes);
        else wasm.sum(at(out), at(x!), ...sizes, room);
        return true;
      },
    ],
    [
      "slice",
      (out, [x], params) => {
        const { begin } = params as { readonly begin: readonly number[] };
        if (!alongFirst(out.shape, x!.shape)) return false;
        const bytes = bytesPerElement(x!);
        const from = at(x!) + (begin[0] ?? 0) * rowSize(x!) * bytes;
        wasm.copy(at(out), from, out.size * bytes);
        return true;
      },
    ],
    [
      "pad",
      (out, [x], params) => {
        const [first = [0]] = params as readonly (readonly number[])[];
        if (!alongFirst(out.shape, x!.shape)) return false;
        const bytes = bytesPerElement(x!);
        wasm.clear(at(out), out.size * bytes);
        wasm.copy(at(out) + first[0]! * rowSize(x!) * bytes, at(x!), x!.size * bytes);
        return true;
      },
    ],
  ];
}

/** Whether two shapes differ in the first axis at most. */
function alongFirst(a: Shape, b: Shape): boolean {
  for (let i = 1; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function rowSize({ shape }: Tensor): number {
  let size = 1;
  for (let i = 1; i < shape.length; i++) size *= shape[i]!;
  return size;
}

function bytesPerElement(t: Tensor): number {
  return t.dtype === "float64" ? 8 : 4;
}

import type { Tensor } from "@evenkeel/autodiff";
import { bytesPerElement, move, permuted } from "./boxes.ts";
import { at, type Kernel, type Scratch } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { type Turns, turnsOf } from "./rows.ts";

/** Sums and largest elements over axes. */
export function reduceKernels(wasm: Exports, scratch: Scratch): [string, Kernel][] {
  return [
    [
      "sum",
      (out, [x], params) => {
        const wide = out.dtype === "float64";
        const given = arranged(wasm, scratch, out, x!, params, wide ? 0 : 8);
        if (!given) return false;
        if (wide) wasm.sum64(at(out), given.at, ...given.turns);
        else wasm.sum(at(out), given.at, ...given.turns, given.room);
        return true;
      },
    ],
    [
      "max",
      (out, [x], params) => {
        const given = out.dtype === "float32" && arranged(wasm, scratch, out, x!, params, 0);
        if (!given) return false;
        wasm.maxOf(at(out), given.at, ...given.turns);
        return true;
      },
    ],
  ];
}

interface Arranged {
  readonly at: number;
  readonly turns: Turns;
  /** Scratch of some bytes per element that is kept. */
  readonly room: number;
}

/** x where it lies, or, where the axes take turns too often, copied with the reduced ones last. */
function arranged(
  wasm: Exports,
  scratch: Scratch,
  out: Tensor,
  x: Tensor,
  params: unknown,
  bytesPerKept: number,
): Arranged | undefined {
  const { axes } = params as { readonly axes: readonly number[] };
  const turns = turnsOf(x.shape, axes);
  const room = scratch(turns ? bytesPerKept * turns[2] : bytesPerKept * out.size + 8 * x.size);
  if (room === undefined) return undefined;
  if (turns) return { at: at(x), turns, room };
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...kept, ...axes];
  const copy = room + bytesPerKept * out.size;
  const box = order.map((a) => x.shape[a]!);
  const steps = box.map((_, i) => box.slice(i + 1).reduce((a, b) => a * b, 1));
  move(wasm, bytesPerElement(x), box, { at: copy, steps }, permuted(x, order));
  return { at: copy, turns: [1, 1, out.size, x.size / out.size], room };
}

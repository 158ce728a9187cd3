import { type Shape, stridesOf, type Tensor } from "@evenkeel/autodiff";
import { at } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { eachOuter } from "./rows.ts";

/** An array's elements in some order: the address of the first, and the step along each axis. */
export interface Order {
  readonly at: number;
  readonly steps: readonly number[];
}

/** Row by row as they lie in memory, from an index on. */
export function inOrder(t: Tensor, begin: readonly number[] = []): Order {
  const steps = stridesOf(t.shape);
  const offset = begin.reduce((sum, n, i) => sum + n * steps[i]!, 0);
  return { at: at(t) + offset * bytesPerElement(t), steps };
}

/** Along other axes: axis i is axis `axes[i]` of the tensor. */
export function permuted(t: Tensor, axes: readonly number[]): Order {
  const own = stridesOf(t.shape);
  return { at: at(t), steps: axes.map((a) => own[a]!) };
}

export function bytesPerElement(t: Tensor): number {
  return t.dtype === "float64" ? 8 : 4;
}

/** Copies a run of neighbours, or repeats one element (step 0). */
export function moveRun(
  wasm: Exports,
  bytes: number,
  to: number,
  from: number,
  { count, step = 1 }: { readonly count: number; readonly step?: 0 | 1 },
): void {
  const run = bytes === 8 ? wasm.move64 : wasm.move32;
  run(to, from, 1, 1, 1, count, 0, 0, 0, 1, 0, 0, 0, step);
}

interface Axis {
  readonly size: number;
  readonly to: number;
  readonly from: number;
}

/** Copies a box of elements, each of so many bytes. */
export function move(wasm: Exports, bytes: number, box: Shape, to: Order, from: Order): void {
  const axes = axesOf(box, to.steps, from.steps);
  const run = bytes === 8 ? wasm.move64 : wasm.move32;
  const own = axes.slice(-4);
  const numbers = [own.map((a) => a.size), own.map((a) => a.to), own.map((a) => a.from)].flat();
  const outer = axes.slice(0, -4);
  if (outer.length === 0) run(to.at, from.at, ...numbers);
  else {
    const steps = [outer.map((a) => a.to), outer.map((a) => a.from)];
    eachOuter({ sizes: outer.map((a) => a.size), steps }, (o, x) =>
      run(to.at + o! * bytes, from.at + x! * bytes, ...numbers),
    );
  }
}

/** Four axes or more, neighbours joined where both arrays step through them evenly. */
function axesOf(box: Shape, to: readonly number[], from: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  box.forEach((size, i) => {
    if (size === 1) return;
    const last = axes.at(-1);
    const next = { size, to: to[i]!, from: from[i]! };
    if (last && last.to === next.to * size && last.from === next.from * size) {
      axes[axes.length - 1] = { ...next, size: last.size * size };
    } else axes.push(next);
  });
  // Where the source's rows are not the target's, they come last but one: a transposition of planes.
  const rows = (axes.at(-1)?.from ?? 0) > 1 ? axes.findIndex((a) => a.from === 1) : -1;
  if (rows >= 0) axes.splice(-1, 0, ...axes.splice(rows, 1));
  while (axes.length < 4) axes.unshift({ size: 1, to: 0, from: 0 });
  return axes;
}

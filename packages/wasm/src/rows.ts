import { joinAxes, type Shape } from "@evenkeel/autodiff";
import { LARGE, parts, type Threads, unitOf } from "./kernel.ts";

type Three = readonly [number, number, number];

/** How the kernels walk an elementwise op: n0 · n1 rows of n elements, each input by steps of its own. */
export interface Rows {
  readonly sizes: Three;
  /** Per input, in elements; 0 where it repeats. The last is 1 or 0. */
  readonly steps: readonly Three[];
  /** Axes in front of those three, where there are any. */
  readonly outer?: Outer;
}

/** A part of rows: the sizes of it, and where it begins in out and in each input. */
export interface Box {
  readonly sizes: Three;
  readonly offsets: readonly number[];
}

/** Rows in parts of a unit, each of which lies in out as one piece. */
export function boxesOf({ sizes: [n0, n1, n], steps }: Rows): Box[] {
  const unit = unitOf(n0 * n1 * n);
  const boxes: Box[] = [];
  for (const [i, iEnd] of parts(n0, Math.max(1, Math.floor(unit / (n1 * n))))) {
    for (const [j, jEnd] of parts(n1, Math.max(1, Math.floor(unit / n)))) {
      for (const [k, kEnd] of parts(n, unit)) {
        const sizes: Three = [iEnd - i, jEnd - j, kEnd - k];
        const inputs = steps.map(([a, b, c]) => i * a + j * b + k * c);
        boxes.push({ sizes, offsets: [(i * n1 + j) * n + k, ...inputs] });
      }
    }
  }
  return boxes;
}

/** Ranges of two axes. */
export type Part = readonly [from0: number, to0: number, from1: number, to1: number];

/**
 * Two axes, `each` elements behind every pair of indices, in parts for threads: whole second axes, or else
 * at least `grain` of one at a time and multiples of four. One part where that is not worth it.
 */
export function grid(
  threads: Threads,
  [first, second]: readonly [number, number],
  each: number,
  grain: number,
): Part[] {
  const size = first * second * each;
  if (threads.most === 1 || size < LARGE) return [[0, first, 0, second]];
  const unit = unitOf(size);
  const seconds = 4 * Math.ceil(Math.max(grain, unit / each) / 4);
  const firsts = seconds < second ? 1 : Math.max(1, Math.floor(unit / (second * each)));
  return parts(first, firsts).flatMap(([from0, to0]) =>
    parts(second, seconds).map(([from1, to1]): Part => [from0, to0, from1, to1]),
  );
}

/** Axes that a kernel does not walk itself, and the steps of each array along them. */
export interface Outer {
  readonly sizes: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

/** Equal shapes become one row, one number per channel becomes rows. */
export function rowsOf(shape: Shape, inputs: readonly Shape[]): Rows {
  const { shape: sizes, strides } = joinAxes(shape, inputs);
  const inner = Math.max(0, sizes.length - 3);
  const rows = {
    sizes: three(sizes.slice(inner), 1),
    steps: strides.map((s) => three(s.slice(inner), 0)),
  };
  if (inner === 0) return rows;
  const steps = strides.map((s) => s.slice(0, inner));
  return { ...rows, outer: { sizes: sizes.slice(0, inner), steps } };
}

function three(list: readonly number[], fill: number): Three {
  const [a = fill, b = fill, c = fill] = list;
  if (list.length < 2) return [fill, fill, a];
  return list.length === 2 ? [fill, a, b] : [a, b, c];
}

/** Calls `visit` with each array's offset, in elements, for every index of the axes. */
export function eachOuter({ sizes, steps }: Outer, visit: (...offsets: number[]) => void): void {
  const inward = (axis: number, offsets: readonly number[]): void => {
    if (axis === sizes.length) visit(...offsets);
    else {
      for (let i = 0; i < sizes[axis]!; i++) {
        inward(
          axis + 1,
          offsets.map((o, k) => o + i * steps[k]![axis]!),
        );
      }
    }
  };
  inward(
    0,
    steps.map(() => 0),
  );
}

/** A reduction as [outer, over, kept, run]: what is kept and what is reduced take turns. */
export type Turns = readonly [outer: number, over: number, kept: number, run: number];

/** Undefined where kept and reduced axes take turns more often than that. */
export function turnsOf(shape: Shape, axes: readonly number[]): Turns | undefined {
  const sizes = [1, 1, 1, 1];
  // From the last axis backwards: places 3 and 1 are reduced, 2 and 0 are kept.
  let place = 3;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    const parity = axes.includes(axis) ? 1 : 0;
    if (place % 2 !== parity) place--;
    if (place < 0) return undefined;
    sizes[place]! *= shape[axis]!;
  }
  return sizes as unknown as Turns;
}

import { joinAxes, type Shape } from "@evenkeel/autodiff";

type Three = readonly [number, number, number];

/** How the kernels walk an elementwise op: n0 · n1 rows of n elements, each input by steps of its own. */
export interface Rows {
  readonly sizes: Three;
  /** Per input, in elements; 0 where it repeats. The last is 1 or 0. */
  readonly steps: readonly Three[];
}

/** Equal shapes become one row, one number per channel becomes rows. Undefined beyond three axes. */
export function rowsOf(shape: Shape, inputs: readonly Shape[]): Rows | undefined {
  const { shape: sizes, strides } = joinAxes(shape, inputs);
  if (sizes.length > 3) return undefined;
  return { sizes: three(sizes, 1), steps: strides.map((s) => three(s, 0)) };
}

function three(list: readonly number[], fill: number): Three {
  const [a = fill, b = fill, c = fill] = list;
  if (list.length < 2) return [fill, fill, a];
  return list.length === 2 ? [fill, a, b] : [a, b, c];
}

/** A reduction as [outer, over, kept, run]: what is kept and what is summed take turns. */
export type Sums = readonly [outer: number, over: number, kept: number, run: number];

/** Undefined where kept and summed axes take turns more often than that. */
export function sumsOf(shape: Shape, axes: readonly number[]): Sums | undefined {
  const sizes = [1, 1, 1, 1];
  // From the last axis backwards: places 3 and 1 are summed, 2 and 0 are kept.
  let place = 3;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    const parity = axes.includes(axis) ? 1 : 0;
    if (place % 2 !== parity) place--;
    if (place < 0) return undefined;
    sizes[place]! *= shape[axis]!;
  }
  return sizes as unknown as Sums;
}

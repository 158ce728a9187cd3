import { sizeOf, type Tensor } from "@evenkeel/autodiff";
import { mapTensors } from "./tree.ts";

/** Numbers with a shape, in float64: what references in plain loops take and return. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A nesting with plain numbers where it had tensors. */
export type Plain<T> = T extends Tensor
  ? NdArray
  : T extends readonly (infer E)[]
    ? readonly Plain<E>[]
    : T extends ArrayBufferView
      ? T
      : T extends object
        ? { readonly [K in keyof T]: Plain<T[K]> }
        : T;

/** An array of zeros, or of `data`. */
export function ndarray(shape: readonly number[], data?: ArrayLike<number>): NdArray {
  return { shape, data: data ? Float64Array.from(data) : new Float64Array(sizeOf(shape)) };
}

/** Every tensor of a nesting as plain numbers in memory of their own; everything else as it is. */
export function toPlain<T>(tree: T): Plain<T> {
  return mapTensors(tree, (t) => ndarray([...t.shape], t.data) as never) as Plain<T>;
}

/** Calls `visit` with every index of a shape, in row-major order, and its place in the data. */
export function eachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], place: number) => void,
): void {
  const size = sizeOf(shape);
  for (let place = 0; place < size; place++) {
    let rest = place;
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    visit(index, place);
  }
}

/** The array of a shape whose number at each index `f` gives. */
export function build(shape: readonly number[], f: (index: readonly number[]) => number): NdArray {
  const out = ndarray(shape);
  eachIndex(shape, (index, place) => {
    out.data[place] = f(index);
  });
  return out;
}

/** The number at an index. */
export function at({ shape, data }: NdArray, index: readonly number[]): number {
  let place = 0;
  for (let axis = 0; axis < shape.length; axis++) place = place * shape[axis]! + index[axis]!;
  return data[place]!;
}

import type { Values } from "../case.ts";

/** Of each input by name, and of the output: where its axes lie for an engine. Default: as they are. */
export type Layouts = Readonly<Record<string, readonly number[]>>;

/** [N, C, H, W] to [N, H, W, C]: the layout in which several engines are fastest. */
export const channelsLast: readonly number[] = [0, 2, 3, 1];

/** The axes in another order: axis i of the result is axis `axes[i]` of what comes in. */
export function permuted({ shape, data }: Values, axes?: readonly number[]): Values {
  if (axes === undefined) return { shape, data };
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const to = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const out = new Float32Array(data.length);
  const index = to.map(() => 0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < to[axis]!) break;
      from -= steps[axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: to, data: out };
}

/** Back from `permuted`: data that lie in the order of `axes`, as an array of the shape given. */
export function restored(
  data: ArrayLike<number>,
  shape: readonly number[],
  axes?: readonly number[],
): ArrayLike<number> {
  if (axes === undefined) return data;
  const values = { shape: axes.map((axis) => shape[axis]!), data: Float32Array.from(data) };
  const back = shape.map((_, axis) => axes.indexOf(axis));
  return permuted(values, back).data;
}

import { joinAxes, type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

type Kernel = (out: Tensor, inputs: readonly Tensor[]) => void;

/** out[i] = f(x[i]). */
export function mapKernel(f: (x: number) => number): Kernel {
  return (out, [x]) => {
    const to = out.data;
    const from = x!.data;
    for (let i = 0; i < to.length; i++) to[i] = f(from[i]!);
  };
}

type Data = Tensor["data"];
/** One loop over n elements of out from o on; each input has its offset p and its step s. */
export type Loop = (
  out: Data,
  o: number,
  n: number,
  a: Data,
  pa: number,
  sa: number,
  b: Data,
  pb: number,
  sb: number,
  c: Data,
  pc: number,
  sc: number,
) => void;

/**
 * out[i] = f(a[i], b[i], c[i]), each read through its broadcast; the third input is optional.
 *
 * @param float32 - The same rule as a loop of its own, run on float32 only, so that the compiler sees
 *   one kind of array and no call: worth it for the few ops that carry most elements.
 */
export function zipKernel(f: (a: number, b: number, c: number) => number, float32?: Loop): Kernel {
  const general: Loop = (out, o, n, a, pa, sa, b, pb, sb, c, pc, sc) => {
    for (let i = o; i < o + n; i++, pa += sa, pb += sb, pc += sc) {
      out[i] = f(a[pa]!, b[pb]!, c[pc]!);
    }
  };
  return (out, inputs) => {
    const [a, b, c = b] = inputs;
    const loop = out.dtype === "float32" && float32 ? float32 : general;
    const [to, da, db, dc] = [out.data, a!.data, b!.data, c!.data];
    const [ea, eb, ec] = [even(a!, to), even(b!, to), even(c!, to)];
    if (ea >= 0 && eb >= 0 && ec >= 0) {
      loop(to, 0, to.length, da, 0, ea, db, 0, eb, dc, 0, ec);
      return;
    }
    const shapes = inputs.map((t) => t.shape);
    const { shape, strides } = joinAxes(out.shape, shapes);
    const [sa, sb, sc = sb] = strides as [number[], number[], number[]?];
    const n = shape.at(-1)!;
    const [ia, ib, ic] = [sa.at(-1)!, sb.at(-1)!, sc.at(-1)!];
    walk(shape.slice(0, -1), strides, (pa, pb, pc, row) => {
      loop(to, row * n, n, da, pa, ia, db, pb, ib, dc, pc, ic);
    });
  };
}

/** The step through an input that is as large as the result (1) or a single number (0); −1 for others. */
function even({ size }: Tensor, to: Data): number {
  return size === to.length ? 1 : size === 1 ? 0 : -1;
}

/** Whether one index serves all three arrays, which saves the compiler two bounds checks. */
function inStep(o: number, pa: number, sa: number, pb: number, sb: number): boolean {
  return sa === 1 && sb === 1 && pa === o && pb === o;
}

export const addLoop: Loop = (out, o, n, a, pa, sa, b, pb, sb) => {
  const end = o + n;
  if (inStep(o, pa, sa, pb, sb)) for (let i = o; i < end; i++) out[i] = a[i]! + b[i]!;
  else for (let i = o; i < end; i++, pa += sa, pb += sb) out[i] = a[pa]! + b[pb]!;
};
export const subLoop: Loop = (out, o, n, a, pa, sa, b, pb, sb) => {
  for (let i = o; i < o + n; i++, pa += sa, pb += sb) out[i] = a[pa]! - b[pb]!;
};
export const mulLoop: Loop = (out, o, n, a, pa, sa, b, pb, sb) => {
  const end = o + n;
  if (inStep(o, pa, sa, pb, sb)) for (let i = o; i < end; i++) out[i] = a[i]! * b[i]!;
  else for (let i = o; i < end; i++, pa += sa, pb += sb) out[i] = a[pa]! * b[pb]!;
};
export const gateLoop: Loop = (out, o, n, a, pa, sa, b, pb, sb) => {
  for (let i = o; i < o + n; i++, pa += sa, pb += sb) out[i] = b[pb]! > 0 ? a[pa]! : 0;
};

/** Calls `visit` with up to three offsets and a count for every index of `shape`, last axis fastest. */
export function walk(
  shape: Shape,
  [sa, sb = sa, sc = sb]: readonly (readonly number[] | undefined)[],
  visit: (a: number, b: number, c: number, count: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  let a = 0;
  let b = 0;
  let c = 0;
  const size = sizeOf(shape);
  for (let k = 0; k < size; k++) {
    visit(a, b, c, k);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      a += sa![axis]!;
      b += sb![axis]!;
      c += sc![axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      a -= sa![axis]! * shape[axis]!;
      b -= sb![axis]! * shape[axis]!;
      c -= sc![axis]! * shape[axis]!;
    }
  }
}

/** out = the elements of x at these strides. */
export function readKernel(out: Tensor, x: Tensor, strides: readonly number[]): void {
  const [to, data] = [out.data, x.data];
  const n = out.shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  walk(out.shape.slice(0, -1), [strides], (from, _b, _c, row) => {
    for (let i = 0; i < n; i++) to[row * n + i] = data[from + i * step]!;
  });
}

/** out = x with axis i of out taken from axis `axes[i]` of x. */
export function transposeKernel(out: Tensor, x: Tensor, axes: readonly number[]): void {
  const own = stridesOf(x.shape);
  const strides = axes.map((a) => own[a]!);
  readKernel(out, x, strides);
}

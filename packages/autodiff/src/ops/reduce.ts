import { refuse, ShapeError, showShape } from "../error.ts";
import { defineOp, type OpSpec } from "../op.ts";
import { type Axes, checkAxes, reducedShape, type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, equal, exp, log, mul, neg, sub } from "./elementwise.ts";
import { walk } from "./kernels.ts";
import { reshape } from "./movement.ts";
import { stopGradient } from "./stop-gradient.ts";

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. Default: all. */
  readonly axes?: Axes | undefined;
  /** Leave axes of size 1 in their place. Default false. */
  readonly keepDims?: boolean | undefined;
}

interface Walked {
  readonly sizes: number[];
  readonly strides: number[];
}

/** Sizes and strides of some axes of an array; neighbours in memory are joined into one. */
function axesOf(shape: Shape, wanted: (axis: number) => boolean): Walked {
  const own = stridesOf(shape);
  const sizes: number[] = [];
  const strides: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!wanted(i)) continue;
    if (strides.at(-1) === own[i]! * shape[i]!) {
      sizes.push(sizes.pop()! * shape[i]!);
      strides[strides.length - 1] = own[i]!;
    } else {
      sizes.push(shape[i]!);
      strides.push(own[i]!);
    }
  }
  return { sizes, strides };
}

/** Folds n elements of x, from `at` on, into a total. */
type Fold = (total: number, x: Tensor["data"], at: number, n: number, step: number) => number;

/** Folds the reduced axes of x, in order, into each element of out. */
function reduceKernel(start: number, fold: Fold): OpSpec<Reduction>["kernel"] {
  return (out, [x], { axes }) => {
    const [to, data] = [out.data, x!.data];
    if (axes.length === x!.rank) {
      to[0] = fold(start, data, 0, data.length, 1);
      return;
    }
    const kept = axesOf(x!.shape, (i) => !axes.includes(i));
    const reduced = axesOf(x!.shape, (i) => axes.includes(i));
    const outer = reduced.sizes.slice(0, -1);
    const n = reduced.sizes.at(-1) ?? 1;
    const step = reduced.strides.at(-1) ?? 0;
    walk(kept.sizes, [kept.strides], (base, _b, _c, o) => {
      let total = start;
      walk(outer, [reduced.strides], (offset) => {
        total = fold(total, data, base + offset, n, step);
      });
      to[o] = total;
    });
  };
}

/** Four sums side by side, always the same four: an addition need not wait for the one before. */
const sumFold: Fold = (total, x, at, n, step) => {
  const four = step === 1 ? n - (n % 4) : 0;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = at; i < at + four; i += 4) {
    s0 += x[i]!;
    s1 += x[i + 1]!;
    s2 += x[i + 2]!;
    s3 += x[i + 3]!;
  }
  for (let k = four; k < n; k++) s0 += x[at + k * step]!;
  return total + (s0 + s1 + (s2 + s3));
};
const maxFold: Fold = (total, x, at, n, step) => {
  for (let i = 0; i < n; i++) {
    const v = x[at + i * step]!;
    // A NaN stays: it is neither smaller nor equal.
    if (!(v <= total) && total === total) total = v;
  }
  return total;
};

/** A tensor of the reduced shape, under one that broadcasts to x's. */
function aligned(g: Tensor, x: Tensor, { axes, keepDims }: Reduction): Tensor {
  if (keepDims || axes.length === x.rank) return g;
  return reshape(g, reducedShape(x.shape, axes, true));
}

const sumOp = defineOp<Reduction>({
  name: "sum",
  shape: ([x], { axes, keepDims }) => reducedShape(x!, axes, keepDims),
  kernel: reduceKernel(0, sumFold),
  vjp: (g, _y, [x], params) => [aligned(g, x!, params)],
});

const maxOp = defineOp<Reduction>({
  name: "max",
  shape: ([x], { axes, keepDims }) => reducedShape(x!, axes, keepDims),
  kernel: reduceKernel(-Infinity, maxFold),
  // Equal maxima share the gradient, as in PyTorch's amax.
  vjp(g, y, [x], params) {
    const hit = equal(x!, aligned(y, x!, params));
    const count = sum(hit, { axes: params.axes, keepDims: true });
    return [mul(aligned(g, x!, params), div(hit, count))];
  },
});

function reduction(where: string, x: Tensor, { axes, keepDims = false }: ReduceOptions): Reduction {
  return { axes: checkAxes(where, axes, x.rank), keepDims };
}

/** Like `reduction`, for ops that need an element to start from. */
function nonEmpty(where: string, x: Tensor, options: ReduceOptions): Reduction {
  const params = reduction(where, x, options);
  if (params.axes.every((a) => x.shape[a] !== 0)) return params;
  const got = `shape ${showShape(x.shape)}`;
  return refuse(ShapeError, where, "at least one element to reduce", got);
}

/** Sum over axes, accumulated in float64 in a fixed order. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return sumOp([x], reduction("sum", x, options));
}

/** Arithmetic mean over axes; of nothing it is NaN. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const params = reduction("mean", x, options);
  return div(sumOp([x], params), sizeOf(params.axes.map((a) => x.shape[a]!)));
}

/** Largest element over axes; NaN if one is. Equal maxima share the gradient. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return maxOp([x], nonEmpty("max", x, options));
}

/** Smallest element over axes; NaN if one is. Equal minima share the gradient. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return neg(maxOp([neg(x)], nonEmpty("min", x, options)));
}

interface AxisOption {
  /** Default: the last axis. */
  readonly axis?: number | undefined;
}

/** x less its largest element along an axis (a constant), so that eˣ does not overflow. */
function shifted(where: string, x: Tensor, axis: number): { x: Tensor; over: Reduction } {
  const over = nonEmpty(where, x, { axes: axis, keepDims: true });
  return { x: sub(x, stopGradient(maxOp([x], over))), over };
}

/** x − log Σ eˣ along an axis, safe for large x. */
export function logSoftmax(x: Tensor, { axis = -1 }: AxisOption = {}): Tensor {
  const low = shifted("logSoftmax", x, axis);
  return sub(low.x, log(sumOp([exp(low.x)], low.over)));
}

/** eˣ / Σ eˣ along an axis, safe for large x. */
export function softmax(x: Tensor, { axis = -1 }: AxisOption = {}): Tensor {
  const low = shifted("softmax", x, axis);
  const e = exp(low.x);
  return div(e, sumOp([e], low.over));
}

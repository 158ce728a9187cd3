import { type Shape, sizeOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp, type Index, type Num, type Writer } from "../rule.ts";
import { coordinates, position } from "./coordinates.ts";
import { inRuns, plus } from "./loops.ts";
import { sumOfProducts, sumsOfProducts } from "./products.ts";
import { eachTap, eachWindow, type Window } from "./window.ts";

/** nn's convolutions are known by name and parameters; see its ops/conv2d.ts. */
interface Convolution extends Window {
  readonly groups: number;
}

/** [samples, channels, height, width], and of filters [filters, channels / groups, height, width]. */
type Four = readonly [number, number, number, number];
const plane = ([, , height, width]: Four): number => height * width;

export const convolutionOps: Readonly<Record<string, GpuOp>> = {
  /** y[n, o, r, c] = Σ over taps i, j and channels k of weight[o, k, i, j] · x[n, k, row of i, column of j] */
  conv2d: gpuOp<Convolution>({
    lower(inputs, { shapes, out, params }) {
      const [x, weight] = shapes as readonly [Four, Four];
      const channels = weight[1];
      const perGroup = weight[0] / params.groups;
      const window = { ...params, kernel: weight.slice(2) };
      return {
        ...{ inputs, size: sizeOf(out), pointwise: false },
        write(w, at) {
          const [n, o, r, c] = coordinates(w, at, out as Four);
          const first = w.place(w.index(`quotient(a, ${perGroup}) * ${channels}`, o));
          const y = w.variable("0");
          eachTap(w, window, x.slice(2), [r, c], ([i, j], [iy, ix]) => {
            const pixel = position(w, x, n, first, iy, ix);
            const tap = position(w, weight, o, "0", i, j);
            const values = { input: 0, start: pixel, step: plane(x) };
            const weights = { input: 1, start: tap, step: plane(weight) };
            w.assign(y, `${y} + ${sumOfProducts(w, channels, [values, weights])}`);
          });
          return y;
        },
      };
    },
  }),

  /** dx[n, k, y, x] = Σ over the windows that see it, at tap i, j, and filters o of weight[o, k, i, j] · g */
  conv2dInputGradient: gpuOp<Convolution & { readonly image: Shape }>({
    lower(inputs, { shapes, out, params }) {
      const [g, weight] = shapes as readonly [Four, Four];
      const channels = weight[1];
      const perGroup = weight[0] / params.groups;
      const window = { ...params, kernel: weight.slice(2) };
      return {
        ...{ inputs, size: sizeOf(out), pointwise: false },
        write(w, at) {
          const [n, channel, y, x] = coordinates(w, at, out as Four);
          const first = w.place(w.index(`quotient(a, ${channels}) * ${perGroup}`, channel));
          const own = w.place(w.index(`remainder(a, ${channels})`, channel));
          const dx = w.variable("0");
          eachWindow(w, window, g.slice(2), [y, x], ([i, j], [r, c]) => {
            const place = position(w, g, n, first, r, c);
            const tap = position(w, weight, first, own, i, j);
            const values = { input: 0, start: place, step: plane(g) };
            const weights = { input: 1, start: tap, step: channels * plane(weight) };
            w.assign(dx, `${dx} + ${sumOfProducts(w, perGroup, [values, weights])}`);
          });
          return dx;
        },
      };
    },
  }),

  /** dw[o, k, i, j] = Σ over samples n and output positions r, c of g[n, o, r, c] · x under tap i, j */
  conv2dFilterGradient: gpuOp<Convolution & { readonly kernel: Shape }>({
    lower(inputs, { shapes, out, params }) {
      const [x, g] = shapes as readonly [Four, Four];
      const [filters, channels] = out as Four;
      const perGroup = filters / params.groups;
      const [, , rows, columns] = g;
      const [[sy], [py], [dy]] = [params.stride, params.padding, params.dilation];
      return sumsOfProducts({
        // A term is one row of one sample's output.
        ...{ inputs, size: sizeOf(out), count: g[0] * rows, length: columns },
        sums(w, at) {
          const [o, k, i, j] = coordinates(w, at, out as Four);
          const channel = w.place(w.index(`quotient(a, ${perGroup}) * ${channels} + b`, o, k));
          const addRow = (sum: Num, row: Index): void => {
            const [n, r] = coordinates(w, row, [g[0], rows]);
            const y = w.place(w.index(`a * ${sy} - ${py} + b * ${dy}`, r, i));
            w.when(`${y} >= 0 && ${y} < ${x[2]}`, () => {
              const pixels = position(w, x, n, channel, y, "0");
              const gradients = position(w, g, n, o, r, "0");
              const own = w.variable("0");
              addUnderTap(w, own, [pixels, gradients, j], { ...params, x, g });
              w.assign(sum, `${sum} + ${own}`);
            });
          };
          return (first, count) =>
            inRuns(w, count, (sum, start, length) =>
              w.loop(length, (t) => addRow(sum, w.place(plus(w, plus(w, first, start), t)))),
            );
        },
      });
    },
  }),
};

/** Adds g · x for each column of a row of g, which begins at `gradients`, and the row of x that tap j sees. */
function addUnderTap(
  w: Writer,
  sum: Num,
  [pixels, gradients, j]: readonly [Index, Index, Index],
  {
    x,
    g,
    kernel,
    ...window
  }: Window & { readonly kernel: Shape; readonly x: Four; readonly g: Four },
): void {
  const [s, p, d] = [window.stride[1], window.padding[1], window.dilation[1]];
  const [width, columns] = [x[3], g[3]];
  // Between these columns every tap falls on the image.
  const from = Math.min(columns, Math.ceil(p / s));
  const last = Math.floor((width - 1 + p - (kernel[1]! - 1) * d) / s);
  const to = Math.min(columns, Math.max(from, last + 1));
  const border = (c: Index): void => {
    const ix = w.place(w.index(`a * ${s} - ${p} + b * ${d}`, c, j));
    const term = `${w.read(0, plus(w, pixels, ix))} * ${w.read(1, plus(w, gradients, c))}`;
    w.assign(sum, `${sum} + (${ix} >= 0 && ${ix} < ${width} ? ${term} : 0)`);
  };
  w.loop(from, border);
  if (to > from) {
    const start = w.index(`a + b * ${d} + ${from * s - p}`, pixels, j);
    const values = { input: 0, start, step: s };
    const others = { input: 1, start: plus(w, gradients, from), step: 1 };
    sumOfProducts(w, to - from, [values, others], sum);
  }
  w.loop(columns - to, (c) => border(plus(w, c, to)));
}

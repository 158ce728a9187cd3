import { type Shape, sizeOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp } from "../rule.ts";
import { coordinates, position } from "./coordinates.ts";
import { sumsOfProducts, total } from "./products.ts";
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
          const first = w.bind(w.index(`quotient(a, ${perGroup}) * ${channels}`, o));
          const y = w.variable("0");
          eachTap(w, window, x.slice(2), [r, c], ([i, j], [iy, ix]) => {
            const pixel = position(w, x, n, first, iy, ix);
            const tap = position(w, weight, o, "0", i, j);
            const sum = total(w, channels, (k) => {
              const value = w.read(0, w.index(`a + b * ${plane(x)}`, pixel, k));
              return `${value} * ${w.read(1, w.index(`a + b * ${plane(weight)}`, tap, k))}`;
            });
            w.assign(y, `${y} + ${sum}`);
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
          const first = w.bind(w.index(`quotient(a, ${channels}) * ${perGroup}`, channel));
          const own = w.bind(w.index(`remainder(a, ${channels})`, channel));
          const dx = w.variable("0");
          eachWindow(w, window, g.slice(2), [y, x], ([i, j], [r, c]) => {
            const place = position(w, g, n, first, r, c);
            const tap = position(w, weight, first, own, i, j);
            const sum = total(w, perGroup, (o) => {
              const value = w.read(0, w.index(`a + b * ${plane(g)}`, place, o));
              const step = channels * plane(weight);
              return `${value} * ${w.read(1, w.index(`a + b * ${step}`, tap, o))}`;
            });
            w.assign(dx, `${dx} + ${sum}`);
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
      const [rows, columns] = [g[2], g[3]];
      const [[sy, sx], [py, px], [dy, dx]] = [params.stride, params.padding, params.dilation];
      return sumsOfProducts({
        // A term is one row of one sample's output.
        ...{ inputs, size: sizeOf(out), count: g[0] * rows, length: columns },
        terms(w, at) {
          const [o, k, i, j] = coordinates(w, at, out as Four);
          const channel = w.bind(w.index(`quotient(a, ${perGroup}) * ${channels} + b`, o, k));
          return (row) => {
            const n = w.bind(w.index(`quotient(a, ${rows})`, row));
            const r = w.bind(w.index(`remainder(a, ${rows})`, row));
            const y = w.bind(w.index(`a * ${sy} - ${py} + b * ${dy}`, r, i));
            const pixels = position(w, x, n, channel, y, "0");
            const gradients = position(w, g, n, o, r, "0");
            const sum = w.variable("0");
            w.when(`${y} >= 0 && ${y} < ${x[2]}`, () => {
              w.loop(columns, (c) => {
                const ix = w.bind(w.index(`a * ${sx} - ${px} + b * ${dx}`, c, j));
                const value = w.read(0, w.index("a + b", pixels, ix));
                const term = `${value} * ${w.read(1, w.index("a + b", gradients, c))}`;
                w.assign(sum, `${sum} + (${ix} >= 0 && ${ix} < ${x[3]} ? ${term} : 0)`);
              });
            });
            return sum;
          };
        },
      });
    },
  }),
};

import { type Shape, sizeOf } from "@evenkeel/autodiff";
import {
  type GpuOp,
  gpuOp,
  type Index,
  type Node,
  type Num,
  type Source,
  type Writer,
} from "../rule.ts";
import { coordinates, position } from "./coordinates.ts";
import { eachTap, eachWindow, type Window } from "./window.ts";

/** nn's pooling is known by name and parameters; see its ops/pool2d.ts. */
interface Pooling extends Window {
  readonly kernel: Shape;
}
interface Unpooling extends Pooling {
  readonly image: Shape;
}

/** [samples · channels, height, width] */
function planes(shape: Shape): [number, number, number] {
  return [shape[0]! * shape[1]!, shape[2]!, shape[3]!];
}

export const poolingOps: Readonly<Record<string, GpuOp>> = {
  /** The sum of each window. */
  avgPool2d: gpuOp<Pooling>({
    lower(inputs, { shapes: [x], out, params }) {
      const from = planes(x!);
      return {
        ...{ inputs, size: sizeOf(out), pointwise: false },
        readsOnce: params.kernel.every((n, axis) => n <= params.stride[axis]!),
        write(w, at) {
          const [plane, r, c] = coordinates(w, at, planes(out));
          const sum = w.variable("0");
          eachTap(w, params, from.slice(1), [r, c], (_, [y, x]) => {
            w.assign(sum, `${sum} + ${w.read(0, position(w, from, plane, y, x))}`);
          });
          return sum;
        },
      };
    },
  }),

  /** Every element gets what the windows over it got. */
  avgPool2dGradient: gpuOp<Unpooling>({
    lower: (inputs, { shapes: [g], out, params }) =>
      overWindows(inputs, g!, out, params, (w, place) => w.read(0, place)),
  }),

  /** Where in its plane each window's largest element lies: the first of equal ones. */
  maxPool2d: gpuOp<Pooling>({
    lower(inputs, { shapes: [x], out, params }) {
      const from = planes(x!);
      return {
        ...{ inputs, size: sizeOf(out), pointwise: false },
        write(w, at) {
          const [plane, r, c] = coordinates(w, at, planes(out));
          const place = w.variable("-1");
          const largest = w.variable("0");
          eachTap(w, params, from.slice(1), [r, c], (_, [y, x]) => {
            const value = w.bind(w.read(0, position(w, from, plane, y, x)));
            w.when(`${place} < 0 || ${value} > ${largest}`, () => {
              w.assign(place, w.index(`a * ${from[2]} + b`, y, x));
              w.assign(largest, value);
            });
          });
          return place;
        },
      };
    },
  }),

  /** x at the places of its planes. */
  pickPlaces: gpuOp<Pooling>({
    lower(inputs, { shapes: [x], out }) {
      const [, h, width] = planes(x!);
      const [, rows, columns] = planes(out);
      return {
        ...{ inputs, size: sizeOf(out), pointwise: true, operations: 4 },
        write(w, at) {
          const start = w.index(`quotient(a, ${rows * columns}) * ${h * width}`, at);
          return w.read(0, w.index("a + b", start, w.bind(w.read(1, at))));
        },
      };
    },
  }),

  /** Every element gets what the windows got that chose it. */
  putBackPlaces: gpuOp<Unpooling>({
    lower: (inputs, { shapes: [g], out, params }) =>
      overWindows(inputs, g!, out, params, (w, place, own) => {
        return `(${w.read(1, place)} === ${own} ? ${w.read(0, place)} : 0)`;
      }),
  }),
};

/** Sums over the windows that have a tap on each element, which lies at `own` in its plane. */
function overWindows(
  inputs: readonly Source[],
  g: Shape,
  out: Shape,
  params: Unpooling,
  term: (w: Writer, place: Index, own: Index) => Num,
): Node {
  const [from, to] = [planes(g), planes(out)];
  return {
    ...{ inputs, size: sizeOf(out), pointwise: false },
    write(w, at) {
      const [plane, y, x] = coordinates(w, at, to);
      const own = w.place(w.index(`a * ${to[2]} + b`, y, x));
      const sum = w.variable("0");
      eachWindow(w, params, from.slice(1), [y, x], (_, [r, c]) => {
        w.assign(sum, `${sum} + ${term(w, position(w, from, plane, r, c), own)}`);
      });
      return sum;
    },
  };
}

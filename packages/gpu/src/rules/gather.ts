import { type Shape, sizeOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp, type Node, type Source } from "../rule.ts";
import { coordinates, position } from "./coordinates.ts";
import { total } from "./products.ts";

/** Indices up to this many are compared one by one. */
const FEW = 64;

interface Scatter {
  readonly axis: number;
  readonly shape: Shape;
}

/** An array as a gather along one axis sees it. */
type Around = readonly [outer: number, axis: number, inner: number];

function around(shape: Shape, axis: number): Around {
  return [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
}

export const gatherOps: Readonly<Record<string, GpuOp>> = {
  /** out[outer, k, inner] = x[outer, at[k], inner] */
  gather: gpuOp<number>({
    lower(inputs, { shapes: [x, at], out, params: axis }) {
      const from = around(x!, axis);
      const to = [from[0], sizeOf(at!), from[2]] as const;
      return {
        ...{ inputs, size: sizeOf(out), pointwise: true, operations: 4 },
        write(w, place) {
          const [outer, k, inner] = coordinates(w, place, to);
          return w.read(0, position(w, from, outer, w.bind(w.read(1, k)), inner));
        },
      };
    },
  }),

  /** out[outer, t, inner] = Σ over the k with at[k] = t of x[outer, k, inner] */
  scatterAdd: gpuOp<Scatter>({
    lower([x, at], { shapes: [, indices], params: { axis, shape } }) {
      const to = around(shape, axis);
      const count = sizeOf(indices!);
      return count <= FEW ? addFew(x!, at!, to, count) : addMany(x!, at!, to, count);
    },
  }),
};

function addFew(x: Source, at: Source, to: Around, count: number): Node {
  const [outer, , inner] = to;
  return {
    ...{ inputs: [x, at], size: sizeOf(to), pointwise: false },
    write(w, place) {
      const [o, t, i] = coordinates(w, place, to);
      return total(w, count, (k) => {
        const slice = w.read(0, position(w, [outer, count, inner], o, k, i));
        return `(${w.read(1, k)} === ${t} ? ${slice} : 0)`;
      });
    },
  };
}

/** Looks only into those blocks of indices that hold the wanted one somewhere. */
function addMany(x: Source, at: Source, to: Around, count: number): Node {
  const [outer, n, inner] = to;
  const length = Math.ceil(Math.sqrt(count));
  const blocks = Math.ceil(count / length);
  const holds: Node = {
    ...{ inputs: [at], size: n * blocks, pointwise: false },
    write(w, place) {
      const [t, block] = coordinates(w, place, [n, blocks]);
      const found = w.variable("0");
      w.loop(length, (i) => {
        const index = w.read(0, w.index(`a * ${length} + b`, block, i));
        w.when(`${index} === ${t}`, () => w.assign(found, "1"));
      });
      return found;
    },
  };
  return {
    ...{ inputs: [x, at, holds], size: sizeOf(to), pointwise: false },
    write(w, place) {
      const [o, t, i] = coordinates(w, place, to);
      const sum = w.variable("0");
      w.loop(blocks, (block) => {
        w.when(`${w.read(2, position(w, [n, blocks], t, block))} > 0`, () => {
          const part = total(w, length, (j) => {
            const k = w.place(w.index(`a * ${length} + b`, block, j));
            const slice = w.read(0, position(w, [outer, count, inner], o, k, i));
            return `(${k} < ${count} && ${w.read(1, k)} === ${t} ? ${slice} : 0)`;
          });
          w.assign(sum, `${sum} + ${part}`);
        });
      });
      return sum;
    },
  };
}

import { type GpuOp, gpuOp, type Node, type Source } from "../rule.ts";
import { coordinates, position } from "./coordinates.ts";
import { fold } from "./sums.ts";

// nn's cross-entropy of logits z [N, K] and class ids [N], with the smoothing s as its parameter:
// see its ops/cross-entropy.ts.

interface Rows {
  /** Per row: its largest logit, Σ e^(z − largest) and Σ z. */
  readonly largest: Node;
  readonly total: Node;
  readonly plain: Node;
}

function rowsOf(z: Source, shape: readonly [number, number]): Rows {
  const [size, count] = shape;
  const largest = fold({
    ...{ size, count, inputs: [z] },
    term: (w, row, k) => w.read(0, position(w, shape, row, k)),
    join: (most, value) => `Math.max(${most}, ${value})`,
  });
  const total = fold({
    ...{ size, count, inputs: [z, largest] },
    term: (w, row, k) => `Math.exp(${w.read(0, position(w, shape, row, k))} - ${w.read(1, row)})`,
  });
  const plain = fold({
    ...{ size, count, inputs: [z] },
    term: (w, row, k) => w.read(0, position(w, shape, row, k)),
  });
  return { largest, total, plain };
}

export const crossEntropyOps: Readonly<Record<string, GpuOp>> = {
  /** (1 − s)·(log Σ eᶻ − z[id]) + s·(log Σ eᶻ − mean z) */
  crossEntropy: gpuOp<number>({
    lower([z, ids], { shapes, params: s }) {
      const shape = shapes[0] as readonly [number, number];
      const [rows, classes] = shape;
      const { largest, total, plain } = rowsOf(z!, shape);
      return {
        // Without smoothing no mean: a class may be ruled out by −Infinity.
        inputs: [z!, ids!, largest, total, ...(s === 0 ? [] : [plain])],
        ...{ size: rows, pointwise: true, operations: 8 },
        write(w, row) {
          const most = w.bind(w.read(2, row));
          const log = w.bind(`Math.log(${w.read(3, row)})`);
          const id = w.bind(w.read(1, row));
          const own = `${most} - ${w.read(0, position(w, shape, row, id))} + ${log}`;
          if (s === 0) return own;
          const even = `${most} - ${w.read(4, row)} / ${classes} + ${log}`;
          return `${1 - s} * (${own}) + ${s} * (${even})`;
        },
      };
    },
  }),

  /** g·(softmax z − t), t = s/K everywhere and 1 − s more at the id */
  crossEntropyGradient: gpuOp<number>({
    lower([z, ids, g], { shapes, params: s }) {
      const shape = shapes[0] as readonly [number, number];
      const [rows, classes] = shape;
      const { largest, total } = rowsOf(z!, shape);
      const [other, hit] = [s / classes, s / classes + 1 - s];
      return {
        inputs: [z!, ids!, g!, largest, total],
        ...{ size: rows * classes, pointwise: true, operations: 12 },
        write(w, at) {
          const [row, k] = coordinates(w, at, shape);
          const p = `Math.exp(${w.read(0, at)} - ${w.read(3, row)}) / ${w.read(4, row)}`;
          const target = `(${w.read(1, row)} === ${k} ? ${hit} : ${other})`;
          return `${w.read(2, row)} * (${p} - ${target})`;
        },
      };
    },
  }),
};

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
import { plus } from "./loops.ts";
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
  const rows = { size, count, columns: count };
  const logits = (w: Writer, row: Index): ((k: Index) => Num) => {
    const start = w.place(plus(w, "0", row, count));
    return (k) => w.read(0, plus(w, start, k));
  };
  const largest = fold({
    ...{ ...rows, inputs: [z], terms: logits },
    join: (most, value) => `Math.max(${most}, ${value})`,
  });
  const total = fold({
    ...{ ...rows, inputs: [z, largest] },
    terms: (w, row) => {
      const logit = logits(w, row);
      const most = w.bind(w.read(1, row));
      return (k) => `Math.exp(${logit(k)} - ${most})`;
    },
  });
  const plain = fold({ ...rows, inputs: [z], terms: logits });
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

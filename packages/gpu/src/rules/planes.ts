import {
  type GpuOp,
  gpuOp,
  type Index,
  type Lowering,
  type Num,
  type Source,
  type Writer,
} from "../rule.ts";
import { placeOf } from "./indices.ts";
import {
  acrossPlanes,
  all,
  alongRow,
  length,
  type PlaneLayout,
  planes,
  stepTo,
  withinPlane,
} from "./plane-layout.ts";
import { moments } from "./plane-moments.ts";
import { fold } from "./sums.ts";

// The plane kernels of norm-core, one array each.

/** The plane of the element at a place, and its number in the plane. */
function planeAt(w: Writer, { samples, outer, channels, inner }: PlaneLayout, at: Index): Index {
  const sizes = [samples, outer, channels, inner];
  return w.place(w.index(placeOf("a", { sizes, strides: [channels, 0, 1, 0] }), at));
}
function numberAt(w: Writer, { samples, outer, channels, inner }: PlaneLayout, at: Index): Index {
  const sizes = [samples, outer, channels, inner];
  return w.place(w.index(placeOf("a", { sizes, strides: [0, inner, 0, 1] }), at));
}

/** Which inputs hold the map's parts; −1 for none. */
interface MapInputs {
  readonly x: number;
  readonly pivot: number;
  readonly scale: number;
  readonly shift: number;
  readonly weight: number;
  readonly bias: number;
}

/** Writes what plane p has in common; what it hands back is ((x − pivot)·scale + shift)·weight + bias, r-th there. */
function mapOf(w: Writer, k: MapInputs, p: Index): (x: Num, r: Index) => Num {
  const [pivot, scale, shift] = [k.pivot, k.scale, k.shift].map((input) =>
    w.bind(w.read(input, p)),
  );
  return (x, r) => {
    const inner = `(${x} - ${pivot}) * ${scale} + ${shift}`;
    if (k.weight < 0) return w.bind(inner);
    const outer = `(${inner}) * ${w.read(k.weight, r)}`;
    return w.bind(k.bias < 0 ? outer : `${outer} + ${w.read(k.bias, r)}`);
  };
}

/** Inputs in the order that ops have them: those before the map, then center, scale, shift, weight, bias. */
function mapFrom(x: number, first: number, inputs: readonly Source[]): MapInputs {
  const at = (k: number): number => (first + k < inputs.length ? first + k : -1);
  return { x, pivot: first, scale: first + 1, shift: first + 2, weight: at(3), bias: at(4) };
}

const affine: Lowering<PlaneLayout> = (inputs, { params }) => ({
  size: all(params),
  inputs,
  pointwise: true,
  operations: 3,
  write: (w, at) => {
    const r = inputs.length > 4 ? numberAt(w, params, at) : "0";
    const map = mapOf(w, mapFrom(0, 1, inputs), planeAt(w, params, at));
    const y = map(w.read(0, at), r);
    return params.relu ? `Math.max(${y}, 0)` : y;
  },
});

/** The gradient that a gate lets through in plane p: g where the map of x is above 0. */
function gateOf(
  w: Writer,
  gate: MapInputs | undefined,
  p: Index,
): (g: Num, x: Num, r: Index) => Num {
  if (!gate) return (g) => g;
  const map = mapOf(w, gate, p);
  return (g, x, r) => w.bind(`(${map(x, r)} > 0 ? ${g} : 0)`);
}

/** Σ g·weight and Σ g·weight·(x − pivot) of every plane; with a gate, of what it lets through. */
const sums =
  (gated: boolean): Lowering<PlaneLayout> =>
  (inputs, { params: layout }) => {
    const size = planes(layout);
    const [walk, across] = [withinPlane(layout), acrossPlanes(layout)];
    const gate = gated ? mapFrom(1, 2, inputs) : undefined;
    const weight = gate ? gate.weight : inputs.length > 3 ? 3 : -1;
    return fold({
      ...{ ...walk, size: 2 * size, inputs },
      terms(w, at, row) {
        const p = w.place(w.index(`remainder(a, ${size})`, at));
        const elements = alongRow(w, walk, stepTo(w, across, p), row);
        const pivot = w.bind(w.read(2, p));
        const open = gateOf(w, gate, p);
        return (column) => {
          const { place, i } = elements(column);
          const x = w.bind(w.read(1, place));
          const g = open(w.read(0, place), x, i);
          const v = w.bind(weight < 0 ? g : `${g} * ${w.read(weight, i)}`);
          return `(${at} < ${size} ? ${v} : ${v} * (${x} - ${pivot}))`;
        };
      },
    });
  };

/** a·g·weight + b·(x − pivot) + c. */
const combine: Lowering<PlaneLayout> = (inputs, { params: layout }) => ({
  size: all(layout),
  inputs,
  pointwise: true,
  operations: 4,
  write: (w, at) => {
    const p = planeAt(w, layout, at);
    const [g, x] = [w.read(0, at), w.read(1, at)];
    const [pivot, a, b, c] = [2, 3, 4, 5].map((k) => w.read(k, p));
    const v = inputs.length > 6 ? `${g} * ${w.read(6, numberAt(w, layout, at))}` : g;
    return `${a} * ${v} + ${b} * (${x} - ${pivot}) + ${c}`;
  },
});

const gatedCombine: Lowering<PlaneLayout> = (inputs, { params: layout }) => ({
  size: all(layout),
  inputs,
  pointwise: true,
  operations: 8,
  write: (w, at) => {
    const gate = mapFrom(1, 5, inputs);
    const p = planeAt(w, layout, at);
    const r = gate.weight < 0 ? "0" : numberAt(w, layout, at);
    const open = gateOf(w, gate, p)(w.read(0, at), w.bind(w.read(1, at)), r);
    const [pivot, b, c] = [2, 3, 4].map((k) => w.read(k, p));
    const v = gate.weight < 0 ? open : `${open} * ${w.read(gate.weight, r)}`;
    return `${w.read(gate.scale, p)} * ${v} + ${b} * (${w.read(1, at)} - ${pivot}) + ${c}`;
  },
});

/** Σ g·((x − pivot)·scale + shift), then Σ g, at every place of a plane. */
const along =
  (gated: boolean): Lowering<PlaneLayout> =>
  (inputs, { params: layout }) => {
    const size = length(layout);
    const [walk, within] = [acrossPlanes(layout), withinPlane(layout)];
    const gate = gated ? mapFrom(1, 2, inputs) : undefined;
    const map = { ...mapFrom(1, 2, inputs), weight: -1, bias: -1 };
    return fold({
      ...{ ...walk, size: 2 * size, inputs },
      terms(w, at, row) {
        const r = w.place(w.index(`remainder(a, ${size})`, at));
        const elements = alongRow(w, walk, stepTo(w, within, r), row);
        return (column) => {
          const { place, i: p } = elements(column);
          const x = w.bind(w.read(1, place));
          const g = gateOf(w, gate, p)(w.read(0, place), x, r);
          return `(${at} < ${size} ? ${g} * ${mapOf(w, map, p)(x, r)} : ${g})`;
        };
      },
    });
  };

export const planeOps: Readonly<Record<string, GpuOp>> = {
  planeMoments: gpuOp({ lower: moments }),
  planeAffine: gpuOp({ lower: affine }),
  planeSums: gpuOp({ lower: sums(false) }),
  planeCombine: gpuOp({ lower: combine }),
  alongSums: gpuOp({ lower: along(false) }),
  gatedPlaneSums: gpuOp({ lower: sums(true) }),
  gatedPlaneCombine: gpuOp({ lower: gatedCombine }),
  gatedAlongSums: gpuOp({ lower: along(true) }),
};

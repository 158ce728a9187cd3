import {
  type GpuOp,
  gpuOp,
  type Index,
  type Lowering,
  type Num,
  type Source,
  type Writer,
} from "../rule.ts";
import { all, elementOf, length, type PlaneLayout, planes } from "./plane-layout.ts";
import { moments } from "./plane-moments.ts";
import { fold } from "./sums.ts";

// The plane kernels of norm-core, one array each.

/** The plane of the element at a place, and its number in the plane. */
function planeAt(w: Writer, { outer, channels, inner }: PlaneLayout, at: Index): Index {
  const sample = outer * channels * inner;
  const c = channels === 1 ? "0" : `remainder(quotient(a, ${inner}), ${channels})`;
  return w.index(`quotient(a, ${sample}) * ${channels} + ${c}`, at);
}
function numberAt(w: Writer, { outer, channels, inner }: PlaneLayout, at: Index): Index {
  const run = channels * inner;
  const a = outer === 1 ? "0" : `remainder(quotient(a, ${run}), ${outer})`;
  return w.index(`${a} * ${inner} + ${inner === 1 ? "0" : `remainder(a, ${inner})`}`, at);
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

/** ((x − pivot)·scale + shift)·weight + bias at a place, in plane p, r-th there. */
function mapped(w: Writer, k: MapInputs, at: Index, p: Index, r: Index): Num {
  const [x, pivot, scale, shift] = [
    w.read(k.x, at),
    w.read(k.pivot, p),
    w.read(k.scale, p),
    w.read(k.shift, p),
  ];
  const inner = `(${x} - ${pivot}) * ${scale} + ${shift}`;
  if (k.weight < 0) return w.bind(inner);
  const outer = `(${inner}) * ${w.read(k.weight, r)}`;
  return w.bind(k.bias < 0 ? outer : `${outer} + ${w.read(k.bias, r)}`);
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
    const y = mapped(w, mapFrom(0, 1, inputs), at, planeAt(w, params, at), r);
    return params.relu ? `Math.max(${y}, 0)` : y;
  },
});

/** The gradient that a gate lets through: g where the map of x is above 0. */
function opened(w: Writer, gate: MapInputs | undefined, at: Index, p: Index, r: Index): Num {
  const g = w.read(0, at);
  return gate ? w.bind(`(${mapped(w, gate, at, p, r)} > 0 ? ${g} : 0)`) : g;
}

/** Σ g·weight and Σ g·weight·(x − pivot) of every plane; with a gate, of what it lets through. */
const sums =
  (gated: boolean): Lowering<PlaneLayout> =>
  (inputs, { params: layout }) => {
    const size = planes(layout);
    const gate = gated ? mapFrom(1, 2, inputs) : undefined;
    const weight = gate ? gate.weight : inputs.length > 3 ? 3 : -1;
    return fold({
      size: 2 * size,
      count: length(layout),
      inputs,
      term: (w, at, r) => {
        const p = w.index(`remainder(a, ${size})`, at);
        const place = w.index(elementOf(layout, "a", "b"), p, r);
        const g = opened(w, gate, place, p, r);
        const v = weight < 0 ? g : w.bind(`${g} * ${w.read(weight, r)}`);
        return w.bind(`(${at} < ${size} ? ${v} : ${v} * (${w.read(1, place)} - ${w.read(2, p)}))`);
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
    const open = opened(w, gate, at, p, r);
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
    const gate = gated ? mapFrom(1, 2, inputs) : undefined;
    const map = { ...mapFrom(1, 2, inputs), weight: -1, bias: -1 };
    return fold({
      size: 2 * size,
      count: planes(layout),
      inputs,
      term: (w, at, p) => {
        const r = w.index(`remainder(a, ${size})`, at);
        const place = w.index(elementOf(layout, "b", "a"), r, p);
        const g = opened(w, gate, place, p, r);
        return w.bind(`(${at} < ${size} ? ${g} * ${mapped(w, map, place, p, r)} : ${g})`);
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

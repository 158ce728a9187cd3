import {
  defineOp,
  fail,
  greater,
  type Op,
  type OpSpec,
  recording,
  type Tensor,
  type TypedArray,
  where,
} from "@evenkeel/autodiff";
import { type Layout, planeSize, planesShape } from "./layout.ts";
import { affineLoop, alongLoop, combineLoop, sumsLoop } from "./plane-loops.ts";
import {
  type Activated,
  alongSums,
  arraysOf,
  planeAffine,
  planeCombine,
  planeSums,
  type Statistic,
} from "./planes.ts";

// The backward of a map with a relu on it, in as many passes as without: what the relu lets through is seen
// from x by applying the map again, which reads nothing more. These ops are the last backward; one that
// is differentiated again uses `gradientThrough` and the plain ops.

/** The map under a relu; of weight and bias there may be none, or the first. */
export interface Gate {
  readonly center: Tensor;
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly along: readonly Tensor[];
}

function inputsOf({ center, scale, shift, along }: Gate): readonly Tensor[] {
  return [center, scale, shift, ...along];
}

/** g where the map of x is above 0, else 0. */
function gradientThrough(g: Tensor, x: Tensor, gate: Gate, layout: Layout): Tensor {
  const { center, scale, shift, along } = gate;
  const y = planeAffine(x, center, scale, shift, layout, ...along);
  return where(greater(y, 0), g, 0);
}

/** The same in plain loops, the gate's tensors in order. */
function opened(g: Tensor, x: Tensor, gate: readonly Tensor[], layout: Layout): TypedArray {
  const [pivot, scale, shift, weight, bias] = gate;
  const y = x.data.slice();
  affineLoop(y, y, arraysOf({ pivot, scale, shift, weight, bias }), layout);
  const from = g.data;
  for (let i = 0; i < y.length; i++) y[i] = y[i]! > 0 ? from[i]! : 0;
  return y;
}

const lastBackward: OpSpec<unknown>["vjp"] = () =>
  fail({ where: "gated planes", expected: "to be the last backward", got: "another one" });

const sumsOp: Op<Statistic> = defineOp<Statistic>({
  name: "gatedPlaneSums",
  shape: (_, layout) => [2, ...planesShape(layout)],
  dtype: (_, { dtype }) => dtype,
  kernel(out, [g, x, ...gate], layout) {
    const open = opened(g!, x!, gate, layout);
    sumsLoop(out.data, open, x!.data, gate[0]!.data, gate[3]?.data, layout);
  },
  vjp: lastBackward,
});

/** `planeSums` of what the gate lets through, about its center and with its weight. */
function gatedPlaneSums(g: Tensor, x: Tensor, gate: Gate, layout: Layout): Tensor {
  return sumsOp([g, x, ...inputsOf(gate)], { ...layout, dtype: gate.center.dtype });
}

const combineOp: Op<Layout> = defineOp<Layout>({
  name: "gatedPlaneCombine",
  shape: ([g]) => g!,
  dtype: ([g]) => g!,
  kernel(out, [g, x, pivot, b, c, ...gate], layout) {
    const open = opened(g!, x!, gate, layout);
    const numbers = [pivot!.data, gate[1]!.data, b!.data, c!.data] as const;
    combineLoop(out.data, open, x!.data, numbers, gate[3]?.data, layout);
  },
  vjp: lastBackward,
});

/** `planeCombine` of what the gate lets through, with its scale and weight. */
function gatedPlaneCombine(
  g: Tensor,
  x: Tensor,
  pivot: Tensor,
  { b, c }: { readonly b: Tensor; readonly c: Tensor },
  gate: Gate,
  layout: Layout,
): Tensor {
  return combineOp([g, x, pivot, b, c, ...inputsOf(gate)], layout);
}

const alongOp: Op<Statistic> = defineOp<Statistic>({
  name: "gatedAlongSums",
  shape: (_, layout) => [2, planeSize(layout)],
  dtype: (_, { dtype }) => dtype,
  kernel(out, [g, x, ...gate], layout) {
    const open = opened(g!, x!, gate, layout);
    const [pivot, scale, shift] = gate;
    alongLoop(out.data, open, x!.data, arraysOf({ pivot, scale, shift }), layout);
  },
  vjp: lastBackward,
});

/** `alongSums` of what the gate lets through, under its own map. */
function gatedAlongSums(g: Tensor, x: Tensor, gate: Gate, layout: Layout): Tensor {
  return alongOp([g, x, ...inputsOf(gate)], { ...layout, dtype: gate.center.dtype });
}

/** The passes over memory of the backward of a map. */
export interface Passes {
  sums(): Tensor;
  combine(mean: Tensor, b: Tensor, c: Tensor): Tensor;
  along(): Tensor;
}

/** The passes over memory of a backward, by way of the gate where there is a relu. */
export function passesOf(
  g: Tensor,
  x: Tensor,
  map: Gate,
  { relu = false, ...layout }: Activated,
): Passes {
  if (relu && !recording()) {
    return {
      sums: () => gatedPlaneSums(g, x, map, layout),
      combine: (mean, b, c) => gatedPlaneCombine(g, x, mean, { b, c }, map, layout),
      along: () => gatedAlongSums(g, x, map, layout),
    };
  }
  const { center, scale, shift } = map;
  const [weight] = map.along;
  const open = relu ? gradientThrough(g, x, map, layout) : g;
  return {
    sums: () => planeSums(open, x, center, layout, weight),
    combine: (mean, b, c) => planeCombine(open, x, mean, { a: scale, b, c }, layout, weight),
    along: () => alongSums(open, x, center, scale, shift, layout),
  };
}

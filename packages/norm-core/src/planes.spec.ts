import { cast, random, type Tensor } from "@evenkeel/autodiff";
import {
  checkGradients,
  eachIndex,
  type NdArray,
  ndarray,
  type OpCase,
  opSuite,
  tensors,
} from "@evenkeel/testkit";
import fc, { type Arbitrary } from "fast-check";
import { describe, test } from "vitest";
import { batchPlanes, type Layout, rowPlanes, samplePlanes } from "./layout.ts";
import { alongSums, planeAffine, planeCombine, planeSums } from "./planes.ts";

const layouts: Readonly<Record<string, Layout>> = {
  "channels first": samplePlanes([2, 3, 5], 1),
  "channels last": samplePlanes([2, 5, 3], 2),
  "channels in the middle": samplePlanes([2, 3, 2, 5], 2),
  "planes of the batch": batchPlanes([3, 2, 7], 1),
  "planes of the batch, channels last": batchPlanes([3, 2, 2], -1),
  rows: rowPlanes([4, 6], 1),
  "strided rows": rowPlanes([2, 5, 3], 1),
};

/** How large an input is: as x, one number per plane, one per place in a plane. */
type Extent = "big" | "plane" | "place";
interface Params {
  readonly layout: Layout;
}
type Row = OpCase<Params> & { readonly extents: readonly (readonly Extent[])[] };

function shapeOf(extent: Extent, { samples, outer, channels, inner }: Layout): readonly number[] {
  if (extent === "plane") return [samples, channels];
  return extent === "big" ? [samples, outer, channels, inner] : [outer * inner];
}

const sizes = fc.record({
  samples: fc.integer({ min: 1, max: 3 }),
  outer: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 3 }),
  inner: fc.integer({ min: 1, max: 6 }),
});
const anyLayout: Arbitrary<Layout> = fc.oneof(fc.constantFrom(...Object.values(layouts)), sizes);

/** Inputs of any of some lists of extents, in any layout. */
function samplesOf(extents: Row["extents"]): OpCase<Params>["samples"] {
  return fc
    .tuple(anyLayout, fc.constantFrom(...extents))
    .chain(([layout, list]) =>
      fc
        .tuple(...list.map((extent) => tensors(shapeOf(extent, layout))))
        .map((inputs) => ({ inputs, params: { layout } })),
    );
}

/** Every element: its place in memory, its plane, its place in the plane. */
function each(
  { samples, outer, channels, inner }: Layout,
  visit: (i: number, plane: number, place: number) => void,
): void {
  eachIndex([samples, outer, channels, inner], ([n, a, c, b], i) =>
    visit(i, n! * channels + c!, a! * inner + b!),
  );
}

/** A reference that gives x's elements one by one. */
function elements(layout: Layout, f: (i: number, plane: number, place: number) => number): NdArray {
  const out = ndarray(shapeOf("big", layout));
  each(layout, (i, plane, place) => {
    out.data[i] = f(i, plane, place);
  });
  return out;
}

/** Statistics are float64 beside an x of any dtype. */
const f64 = (t: Tensor | undefined): Tensor => cast(t!, "float64");

const given: readonly Omit<Row, "samples">[] = [
  {
    name: "planeAffine",
    extents: [
      ["big", "plane", "plane", "plane"],
      ["big", "plane", "plane", "plane", "place"],
      ["big", "plane", "plane", "plane", "place", "place"],
    ],
    call: ([x, p, s, t, w, b], { layout }) => planeAffine(x!, f64(p), f64(s), f64(t), layout, w, b),
    reference: (inputs, { layout }) => {
      const [x, p, s, t, w, b] = inputs.map(({ data }) => data);
      return elements(layout, (i, plane, place) => {
        const mapped = (x![i]! - p![plane]!) * s![plane]! + t![plane]!;
        return mapped * (w?.[place] ?? 1) + (b?.[place] ?? 0);
      });
    },
  },
  {
    name: "planeSums",
    extents: [
      ["big", "big", "plane"],
      ["big", "big", "plane", "place"],
    ],
    call: ([g, x, p, w], { layout }) => planeSums(g!, x!, f64(p), layout, w),
    reference: (inputs, { layout }) => {
      const [g, x, p, w] = inputs.map(({ data }) => data);
      const planes = layout.samples * layout.channels;
      const out = ndarray([2, layout.samples, layout.channels]);
      each(layout, (i, plane, place) => {
        const v = g![i]! * (w?.[place] ?? 1);
        out.data[plane]! += v;
        out.data[planes + plane]! += v * (x![i]! - p![plane]!);
      });
      return out;
    },
  },
  {
    name: "planeCombine",
    extents: [
      ["big", "big", "plane", "plane", "plane", "plane"],
      ["big", "big", "plane", "plane", "plane", "plane", "place"],
    ],
    call: ([g, x, p, a, b, c, w], { layout }) =>
      planeCombine(g!, x!, f64(p), { a: f64(a), b: f64(b), c: f64(c) }, layout, w),
    reference: (inputs, { layout }) => {
      const [g, x, p, a, b, c, w] = inputs.map(({ data }) => data);
      return elements(layout, (i, plane, place) => {
        const first = a![plane]! * g![i]! * (w?.[place] ?? 1);
        return first + b![plane]! * (x![i]! - p![plane]!) + c![plane]!;
      });
    },
  },
  {
    name: "alongSums",
    extents: [["big", "big", "plane", "plane", "plane"]],
    call: ([g, x, p, s, t], { layout }) => alongSums(g!, x!, f64(p), f64(s), f64(t), layout),
    reference: (inputs, { layout }) => {
      const [g, x, p, s, t] = inputs.map(({ data }) => data);
      const places = layout.outer * layout.inner;
      const out = ndarray([2, places]);
      each(layout, (i, plane, place) => {
        out.data[place]! += g![i]! * ((x![i]! - p![plane]!) * s![plane]! + t![plane]!);
        out.data[places + place]! += g![i]!;
      });
      return out;
    },
  },
];

for (const row of given) {
  describe(row.name, () => {
    for (const { name, run } of opSuite({ ...row, samples: samplesOf(row.extents) })) {
      test(name, run);
    }
    for (const [name, layout] of Object.entries(layouts)) {
      test(`${row.name} has right gradients of orders 1 to 3 over ${name}`, () => {
        for (const extents of row.extents) {
          const stream = random(extents.length);
          const inputs = extents.map((extent) =>
            stream.normal(shapeOf(extent, layout), { dtype: "float64" }),
          );
          checkGradients((at) => row.call(at, { layout }), inputs, { order: 3 });
        }
      });
    }
  });
}

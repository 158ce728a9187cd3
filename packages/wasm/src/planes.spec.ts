import { cast, cpu, random, type Tensor, tensor, useBackend } from "@evenkeel/autodiff";
import {
  alongSums,
  type Layout,
  planeAffine,
  planeCombine,
  planeMoments,
  planeSize,
  planeSums,
} from "@evenkeel/norm-core";
import { expectClose, forAll, sameBits, seeds, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

const { output: tolerance } = tolerances.backends["wasm"]!;

/** What the ops take: x and g of x's size, a number per plane, a number per place in a plane. */
interface Given {
  readonly x: Tensor;
  readonly g: Tensor;
  readonly pivot: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly c: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Numbers about `offset` that float32 holds exactly, and pivots between them. */
function draw(layout: Layout, offset: number, seed: number): Given {
  const stream = random(seed);
  const { samples, outer, channels, inner } = layout;
  const big = [samples, outer, channels, inner];
  const planes = [samples, channels];
  const size = samples * outer * channels * inner;
  const at = Float32Array.from({ length: size }, () => offset + (stream.integer(65) - 32) / 16);
  const pivots = Float64Array.from({ length: samples * channels }, () => offset + stream.next());
  const plane = (): Tensor => stream.uniform(planes, { low: -1, high: 1, dtype: "float64" });
  const place = (): Tensor => stream.uniform([outer * inner], { low: -1, high: 1 });
  return {
    x: tensor(at, { shape: big }),
    g: stream.uniform(big, { low: -1, high: 1 }),
    pivot: tensor(pivots, { shape: planes }),
    ...{ a: plane(), b: plane(), c: plane() },
    ...{ weight: place(), bias: place() },
  };
}

type Run = (given: Given, layout: Layout) => Tensor;
const runs: Readonly<Record<string, Run>> = {
  planeMoments: ({ x }, l) => planeMoments(x, l, "float64"),
  planeAffine: ({ x, pivot, a, b }, l) => planeAffine(x, pivot, a, b, l),
  "planeAffine with a weight": ({ x, pivot, a, b, weight }, l) =>
    planeAffine(x, pivot, a, b, l, weight),
  "planeAffine with a weight and a bias": ({ x, pivot, a, b, weight, bias }, l) =>
    planeAffine(x, pivot, a, b, l, weight, bias),
  planeSums: ({ g, x, pivot }, l) => planeSums(g, x, pivot, l),
  "planeSums with a weight": ({ g, x, pivot, weight }, l) => planeSums(g, x, pivot, l, weight),
  planeCombine: ({ g, x, pivot, a, b, c }, l) => planeCombine(g, x, pivot, { a, b, c }, l),
  "planeCombine with a weight": ({ g, x, pivot, a, b, c, weight }, l) =>
    planeCombine(g, x, pivot, { a, b, c }, l, weight),
  alongSums: ({ g, x, pivot, a, b }, l) => alongSums(g, x, pivot, a, b, l),
};

/** The same in float64 by the plain kernels. */
function exact(run: Run, given: Given, layout: Layout): Tensor {
  useBackend(cpu);
  try {
    const wide = Object.entries(given).map(([name, t]: [string, Tensor]) => [
      name,
      cast(t, "float64"),
    ]);
    return run(Object.fromEntries(wide) as Given, layout);
  } finally {
    useBackend(backend);
  }
}

/** How large the terms of a sum are together: what cancels is judged by that. */
function scaleOf(name: string, layout: Layout): number {
  if (name.includes("Sums")) {
    return name === "alongSums" ? layout.samples * layout.channels : planeSize(layout);
  }
  return name === "planeMoments" ? planeSize(layout) : 1;
}

function expectExact(name: string, layout: Layout, offset: number, seed: number): void {
  const run = runs[name]!;
  const given = draw(layout, offset, seed);
  const got = run(given, layout);
  const expected = exact(run, given, layout);
  if (name !== "planeMoments") {
    expectClose(name, got, expected, tolerance, scaleOf(name, layout));
  } else {
    // The mean is judged by how far x is from it, not by its size.
    const half = expected.size / 2;
    const mean = (t: Tensor): Float64Array => Float64Array.from(t.data.subarray(0, half));
    const above = (t: Tensor): Tensor => tensor(mean(t).map((v) => v - offset));
    expectClose("mean", above(got), above(expected), tolerance);
    const m2 = (t: Tensor): Tensor => tensor(Float64Array.from(t.data.subarray(half)));
    expectClose("M2", m2(got), m2(expected), tolerance, 1);
  }
  expect(sameBits(run(given, layout), got)).toBe(true);
}

const sizes = (inner: fc.Arbitrary<number>, channels = 9): fc.Arbitrary<Layout> =>
  fc.record({
    samples: fc.integer({ min: 1, max: 3 }),
    outer: fc.integer({ min: 1, max: 4 }),
    channels: fc.integer({ min: 1, max: channels }),
    inner,
  });
const layouts: Readonly<Record<string, fc.Arbitrary<Layout>>> = {
  "channels last": sizes(fc.constant(1), 21),
  "short runs": sizes(fc.integer({ min: 2, max: 7 })),
  "long runs": sizes(fc.oneof(fc.integer({ min: 8, max: 80 }), fc.integer({ min: 120, max: 300 }))),
  rows: fc.record({
    samples: fc.integer({ min: 1, max: 150 }),
    outer: fc.constant(1),
    channels: fc.constant(1),
    inner: fc.integer({ min: 1, max: 100 }),
  }),
};

for (const [name, run] of Object.entries(runs)) {
  describe(name, () => {
    for (const [kind, layout] of Object.entries(layouts)) {
      for (const offset of [0, 1e6]) {
        test(`agrees with float64 over ${kind} about ${offset}, twice the same`, () => {
          forAll(fc.tuple(layout, seeds()), ([l, seed]) => expectExact(name, l, offset, seed));
          const op = name.split(" ")[0]!;
          expect(backend.fallbacks.get(op)).toBeUndefined();
        });
      }
    }

    test("leaves statistics in float32 to the plain kernel", () => {
      const layout = { samples: 2, outer: 1, channels: 3, inner: 5 };
      const given = draw(layout, 0, 1);
      const narrow = Object.fromEntries(
        Object.entries(given).map(([key, t]: [string, Tensor]) => [key, cast(t, "float32")]),
      ) as unknown as Given;
      const f32: Run =
        name === "planeMoments" ? ({ x }) => planeMoments(x, layout, "float32") : run;
      const got = f32(narrow, layout);
      expectClose(name, got, exact(run, given, layout), tolerance, planeSize(layout));
      expect(backend.fallbacks.get(name.split(" ")[0]!)).toBe(1);
    });
  });
}

describe("planeMoments of difficult numbers", () => {
  const row = (data: number[]): [Tensor, Layout] => [
    tensor(data),
    { samples: 1, outer: 1, channels: 1, inner: data.length },
  ];
  const cases: Readonly<Record<string, readonly number[]>> = {
    "whose squares float32 cannot hold": Array.from({ length: 200 }, (_, i) => (i - 80) * 1e25),
    "whose sum float32 cannot hold": Array.from({ length: 200 }, (_, i) => 3e38 - i * 1e36),
    "whose squares vanish in float32": Array.from({ length: 200 }, (_, i) => (i - 80) * 1e-25),
    "with an outlier in front": Array.from({ length: 200 }, (_, i) => (i === 0 ? 1e6 : i % 7)),
    "that are all the same": Array.from({ length: 200 }, () => 1 / 3),
  };
  for (const [name, data] of Object.entries(cases)) {
    test(`agrees with float64 for numbers ${name}`, () => {
      const [x, layout] = row([...data]);
      const got = planeMoments(x, layout, "float64").data;
      useBackend(cpu);
      const expected = planeMoments(cast(x, "float64"), layout, "float64").data;
      for (const i of [0, 1]) {
        expectClose(
          name,
          tensor([got[i]! / (expected[i]! || 1)]),
          tensor([expected[i] ? 1 : 0]),
          tolerance,
        );
      }
    });
  }

  test("passes NaN and Infinity on as the plain kernel does", () => {
    for (const odd of [Number.NaN, Infinity, -Infinity]) {
      for (const length of [5, 100]) {
        const [x, layout] = row(Array.from({ length }, (_, i) => (i === 2 ? odd : i)));
        const got = planeMoments(x, layout, "float64");
        useBackend(cpu);
        expect([...got.data]).toEqual([...planeMoments(x, layout, "float64").data]);
        useBackend(backend);
      }
    }
  });
});

describe("numbers of planes that float32 cannot hold", () => {
  const layout = { samples: 1, outer: 1, channels: 2, inner: 9 };
  for (const size of [1e-40, 1e35, Number.NaN]) {
    test(`are left to the plain kernel, which knows ${size}`, () => {
      const given = draw(layout, 0, 3);
      const odd = tensor(Float64Array.of(size, 1), { shape: [1, 2] });
      for (const name of ["planeAffine", "planeCombine", "alongSums"]) {
        const f = (): Tensor => runs[name]!({ ...given, a: odd }, layout);
        const got = f();
        useBackend(cpu);
        expect(sameBits(got, f())).toBe(true);
        useBackend(backend);
        expect(backend.fallbacks.get(name)).toBe(1);
      }
    });
  }
});

describe("planeSums", () => {
  test("keeps products that would vanish in float32", () => {
    const n = 128;
    const layout = { samples: 1, outer: 1, channels: 1, inner: n };
    const x = tensor(Array.from({ length: n }, (_, i) => (i + 1) * 1e-25));
    const given = [x, x, tensor(Float64Array.of(0), { shape: [1, 1] })] as const;
    const got = planeSums(...given, layout).data;
    useBackend(cpu);
    const expected = planeSums(...given, layout).data;
    expectClose("ratio", tensor([got[1]! / expected[1]!]), tensor([1]), tolerance);
  });

  test("holds products that float32 cannot", () => {
    const n = 128;
    const layout = { samples: 1, outer: 1, channels: 1, inner: n };
    const x = tensor(Array.from({ length: n }, (_, i) => (i + 1) * 1e25));
    const given = [x, x, tensor(Float64Array.of(0), { shape: [1, 1] })] as const;
    const got = planeSums(...given, layout);
    useBackend(cpu);
    const expected = planeSums(...given, layout);
    expectClose("planeSums", got, expected, tolerance);
  });
});

import { cpu, type Random, random, type Tensor, useBackend, vjp } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { expectClose, forAll, sameBits, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type WasmBackend, wasm } from "./index.ts";

type Two = readonly [number, number];
interface Problem {
  readonly samples: number;
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: Two;
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
  readonly seed: number;
}

const simple: Omit<Problem, "channels" | "filters" | "image"> = {
  ...{ samples: 2, groups: 1, seed: 1 },
  ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1] },
};

const two = (min: number, max: number): fc.Arbitrary<Two> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const problems: fc.Arbitrary<Problem> = fc
  .record({
    samples: fc.integer({ min: 0, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 5 }),
    filters: fc.integer({ min: 1, max: 9 }),
    image: two(1, 19),
    kernel: two(1, 4),
    stride: two(1, 3),
    padding: two(0, 3),
    dilation: two(1, 3),
    seed: fc.integer(),
  })
  .filter(({ image, kernel, padding, dilation }) =>
    image.every((n, i) => n + 2 * padding[i]! > dilation[i]! * (kernel[i]! - 1)),
  );

/** Not centered, so that sums do not cancel and the largest entry is a fair measure. */
function draw(stream: Random, shape: readonly number[]): Tensor {
  return stream.uniform(shape, { low: -0.5, high: 1 });
}

function solve(p: Problem): { y: Tensor; dx: Tensor; dw: Tensor } {
  const stream = random(p.seed);
  const x = draw(stream, [p.samples, p.channels * p.groups, ...p.image]);
  const w = draw(stream, [p.filters * p.groups, p.channels, ...p.kernel]);
  const { stride, padding, dilation, groups } = p;
  const options = { stride, padding, dilation, groups };
  const { value, pullback } = vjp((a: Tensor, b: Tensor) => conv2d(a, b, options), x, w);
  const [dx, dw] = pullback(draw(stream, value.shape)) as [Tensor, Tensor];
  return { y: value, dx, dw };
}

function expectSame(p: Problem, backend: WasmBackend = wasm()): void {
  useBackend(cpu);
  const plain = solve(p);
  useBackend(backend);
  const ours = solve(p);
  const { output, gradient } = tolerances.backends["wasm"]!;
  expectClose("y", ours.y, plain.y, output);
  expectClose("dx", ours.dx, plain.dx, gradient);
  expectClose("dw", ours.dw, plain.dw, gradient);
  expect([...backend.fallbacks.keys()].filter((name) => name.startsWith("conv2d"))).toEqual([]);
}

describe("convolution in wasm", () => {
  afterEach(() => useBackend(cpu));

  it("equals the plain kernels for any stride, padding, dilation and groups", () => {
    const backend = wasm();
    forAll(problems, (p) => expectSame({ ...simple, ...p }, backend));
  });

  it.each<[string, Partial<Problem>]>([
    ["filters longer than a piece of a product", { channels: 67, filters: 10, image: [5, 6] }],
    ["images larger than a stretch of positions", { channels: 3, filters: 5, image: [21, 35] }],
    ["pointwise filters", { kernel: [1, 1], padding: [0, 0] }],
    ["depthwise filters", { groups: 9, channels: 1, filters: 2 }],
    ["no channels", { channels: 0 }],
    ["no samples", { samples: 0 }],
    ["a filter as large as the image", { image: [6, 7], kernel: [6, 7], padding: [0, 0] }],
    ["a filter that meets padding only", { image: [1, 1], kernel: [2, 2], dilation: [2, 2] }],
  ])("equals the plain kernels for %s", (_, p) => {
    expectSame({ ...simple, channels: 8, filters: 8, image: [8, 8], ...p });
  });

  it("gives the same bits every time, whatever ran before", () => {
    useBackend(wasm());
    const p: Problem = { ...simple, channels: 5, filters: 7, image: [18, 17] };
    const first = solve(p);
    solve({ ...p, padding: [2, 3], seed: 2, image: [30, 30] });
    const again = solve(p);
    for (const name of ["y", "dx", "dw"] as const) {
      expect(sameBits(again[name], first[name])).toBe(true);
    }
  });

  it("does not spread a NaN beyond the positions that see it", () => {
    useBackend(wasm());
    const x = random(1).normal([1, 1, 7, 9]);
    x.data[0] = Number.NaN;
    const w = random(2).normal([5, 1, 3, 3]);
    const y = conv2d(x, w, { padding: 1 }).data;
    const met = Array.from(y, Number.isNaN).flatMap((is, i) => (is ? [i % 63] : []));
    expect([...new Set(met)]).toEqual([0, 1, 9, 10]);
  });

  it("leaves float64 to the plain kernels and counts it", () => {
    const backend = wasm();
    useBackend(backend);
    const dtype = "float64";
    conv2d(random(1).normal([1, 2, 4, 4], { dtype }), random(2).normal([3, 2, 3, 3], { dtype }));
    expect(backend.fallbacks.get("conv2d")).toBe(1);
  });
});

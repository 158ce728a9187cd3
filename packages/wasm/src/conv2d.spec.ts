import { cpu, mul, type Random, random, type Tensor, useBackend, vjp } from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { expectClose, forAll, sameBits, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { isNarrow } from "./conv2d-narrow.ts";
import type { Sizes } from "./convolution.ts";
import { type WasmBackend, wasm } from "./index.ts";
import { suitsWinograd } from "./winograd.ts";

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

/** Enough channels, filters and tiles for Winograd's way. */
const tall = { samples: 2, channels: 8, filters: 8, image: [8, 8] } as const;
/** More padding than the gradient of x by a stride can have. */
const wide = { groups: 5, channels: 1, filters: 1, padding: [3, 4] } as const;

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

/** Sizes at which Winograd's way is taken, and some next to them. */
const winogradProblems: fc.Arbitrary<Partial<Problem>> = fc.record({
  samples: fc.integer({ min: 1, max: 6 }),
  groups: fc.integer({ min: 1, max: 2 }),
  channels: fc.integer({ min: 6, max: 13 }),
  filters: fc.integer({ min: 6, max: 13 }),
  image: two(3, 23),
  padding: two(0, 3),
  seed: fc.integer(),
});
/** Groups of so few channels that they go row by row, in images wide enough for whole vectors. */
const narrowProblems: fc.Arbitrary<Partial<Problem>> = fc.record({
  groups: fc.integer({ min: 1, max: 5 }),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  image: two(9, 45),
  kernel: two(1, 3),
  stride: two(1, 4),
  padding: two(0, 4),
  dilation: two(1, 3),
  seed: fc.integer(),
});

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

  it("equals the plain kernels by Winograd's way", () => {
    const backend = wasm();
    forAll(winogradProblems, (p) => expectSame({ ...simple, ...tall, ...p }, backend));
  });

  it("equals the plain kernels row by row", () => {
    const backend = wasm();
    forAll(narrowProblems, (p) => expectSame({ ...simple, ...tall, ...p }, backend));
  });

  it.each<[string, Partial<Problem>]>([
    ["filters longer than a piece of a product", { channels: 67, filters: 10, image: [5, 6] }],
    ["images larger than a stretch of positions", { channels: 3, filters: 5, image: [21, 35] }],
    ["pointwise filters", { kernel: [1, 1], padding: [0, 0] }],
    ["depthwise filters", { groups: 9, channels: 1, filters: 2 }],
    ["depthwise filters of a stride", { groups: 9, channels: 1, filters: 1, stride: [2, 2] }],
    ["depthwise filters with more padding than they have taps", wide],
    ["no channels", { channels: 0 }],
    ["no samples", { samples: 0 }],
    ["a filter as large as the image", { image: [6, 7], kernel: [6, 7], padding: [0, 0] }],
    ["a filter that meets padding only", { image: [1, 1], kernel: [2, 2], dilation: [2, 2] }],
    ["images of one tile", { samples: 9, image: [3, 4] }],
    ["images of many bands of tiles", { samples: 1, image: [61, 70], padding: [0, 2] }],
    ["rows of more tiles than an item has", { samples: 1, image: [5, 150] }],
    ["more samples than an item has, and not a multiple", { samples: 19, image: [7, 6] }],
    ["channels and filters without a whole tile", { channels: 13, filters: 11, image: [12, 9] }],
    ["tiles of groups", { groups: 3, channels: 6, filters: 7, image: [13, 14] }],
    ["a sum in parts", { samples: 5, channels: 16, filters: 20, image: [33, 31] }],
    ["a direct sum in parts", { samples: 7, filters: 20, image: [33, 31], stride: [2, 1] }],
  ])("equals the plain kernels for %s", (_, p) => {
    expectSame({ ...simple, ...tall, ...p });
  });

  it.each<[string, Partial<Problem>]>([
    ["directly", { channels: 5, filters: 7, image: [18, 17] }],
    ["by Winograd's way", { channels: 9, filters: 7, image: [18, 17] }],
    ["row by row", { groups: 7, channels: 1, filters: 2, image: [18, 17] }],
  ])("gives the same bits every time %s, whatever ran before", (_, sizes) => {
    useBackend(wasm());
    const p: Problem = { ...simple, ...tall, ...sizes };
    const first = solve(p);
    solve({ ...p, padding: [2, 3], seed: 2, image: [30, 30] });
    const again = solve(p);
    for (const name of ["y", "dx", "dw"] as const) {
      expect(sameBits(again[name], first[name])).toBe(true);
    }
  });

  describe.each<[string, number, number]>([
    ["directly", 1, 8],
    ["row by row", 1, 3],
    ["where Winograd's way would be taken", 8, 8],
  ])("%s", (_, channels, filterCount) => {
    const x = (): Tensor => random(1).normal([1, channels, 15, 18]);
    const w = (): Tensor => random(2).normal([filterCount, channels, 3, 3]);
    const notFinite = (t: Tensor): number[] =>
      Array.from(t.data, Number.isFinite).flatMap((is, i) => (is ? [] : [i]));
    const within = (plane: number, t: Tensor): number[] => [
      ...new Set(notFinite(t).map((i) => i % plane)),
    ];

    it.each([Number.NaN, Number.POSITIVE_INFINITY])("%d reaches what sees it only", (odd) => {
      useBackend(wasm());
      const [image, filters] = [x(), w()];
      image.data[0] = odd;
      const { value, pullback } = vjp(
        (a: Tensor, b: Tensor) => conv2d(a, b, { padding: 1 }),
        image,
        filters,
      );
      expect(within(270, value)).toEqual([0, 1, 18, 19]);
      const [, dw] = pullback(random(3).normal(value.shape)) as [Tensor, Tensor];
      // At the edge of the padding the last row and column of a filter do not meet it.
      expect(within(9 * channels, dw)).toEqual([0, 1, 3, 4]);
      const g = random(3).normal(value.shape);
      g.data[269] = odd;
      expect(within(270, (pullback(g) as [Tensor, Tensor])[0])).toEqual([250, 251, 268, 269]);
    });

    it("keeps numbers near float32's limit finite and right", () => {
      const [image, filters] = [mul(x(), 1e37), mul(w(), 0.1)];
      const run = (): Tensor => conv2d(image, filters, { padding: 1 });
      const plain = run();
      useBackend(wasm());
      const { output } = tolerances.backends["wasm"]!;
      expect(notFinite(plain)).toEqual([]);
      expectClose("y", run(), plain, output);
    });
  });

  it("leaves float64 to the plain kernels and counts it", () => {
    const backend = wasm();
    useBackend(backend);
    const dtype = "float64";
    conv2d(random(1).normal([1, 2, 4, 4], { dtype }), random(2).normal([3, 2, 3, 3], { dtype }));
    expect(backend.fallbacks.get("conv2d")).toBe(1);
  });
});

describe("the way of a convolution", () => {
  const usual: Sizes = {
    ...{ samples: 2, groups: 1, channels: 8, filters: 8, image: [8, 8], output: [8, 8] },
    ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1] },
  };

  it.each<[string, Partial<Sizes>]>([
    ["images of whole tiles", {}],
    ["images that fill the half of their tiles", { image: [6, 6], output: [6, 6] }],
    ["groups of enough channels", { groups: 4, channels: 6 }],
  ])("is Winograd's for %s", (_, p) => expect(suitsWinograd({ ...usual, ...p })).toBe(true));

  it.each<[string, Partial<Sizes>]>([
    ["other filters", { kernel: [3, 1] }],
    ["a stride", { stride: [1, 2] }],
    ["a dilation", { dilation: [2, 1] }],
    ["few channels", { channels: 3 }],
    ["few filters", { filters: 5 }],
    ["few tiles", { samples: 1 }],
    ["tiles that are mostly empty", { samples: 32, image: [2, 2], output: [2, 2] }],
    ["filters whose transforms would fill the memory", { channels: 1024, filters: 1024 }],
    ["the gradient of what had more padding than taps", { padding: [-1, 0] }],
  ])("is another one for %s", (_, p) => expect(suitsWinograd({ ...usual, ...p })).toBe(false));

  it("is row by row for a few channels and filters in a group", () => {
    expect(isNarrow({ ...usual, groups: 8, channels: 1, filters: 2 })).toBe(true);
    expect(isNarrow({ ...usual, groups: 8, channels: 1, filters: 4 })).toBe(false);
  });
});

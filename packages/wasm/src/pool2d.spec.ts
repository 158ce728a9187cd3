import { cpu, random, type Tensor, useBackend, vjp } from "@evenkeel/autodiff";
import { avgPool2d, maxPool2d } from "@evenkeel/nn";
import { forAll, sameBits } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { wasm } from "./index.ts";

type Two = readonly [number, number];

const two = (min: number, max: number): fc.Arbitrary<Two> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const problems = fc
  .record({
    samples: fc.integer({ min: 0, max: 3 }),
    image: two(1, 12),
    kernelSize: two(1, 4),
    stride: two(1, 3),
    padding: two(0, 2),
    dilation: two(1, 3),
    seed: fc.integer(),
  })
  .filter(({ image, kernelSize, padding, dilation }) =>
    image.every(
      (n, i) =>
        2 * padding[i]! <= kernelSize[i]! &&
        (padding[i] === 0 || dilation[i]! <= n) &&
        n + 2 * padding[i]! > dilation[i]! * (kernelSize[i]! - 1),
    ),
  );

/** The result and its gradient, on the plain kernels and on ours. */
function expectSame(pool: (x: Tensor) => Tensor, draw: () => Tensor): void {
  const solve = () => {
    const { value, pullback } = vjp(pool, draw());
    return [value, pullback(random(7).normal(value.shape))[0] as Tensor] as const;
  };
  useBackend(cpu);
  const plain = solve();
  const backend = wasm();
  useBackend(backend);
  const ours = solve();
  expect(plain.map((t, i) => sameBits(t, ours[i]!))).toEqual([true, true]);
  expect([...backend.fallbacks.keys()].filter((name) => /Pool2d|Places/.test(name))).toEqual([]);
}

describe("pooling in wasm", () => {
  afterEach(() => useBackend(cpu));

  it("takes the same largest elements as the plain kernels, whatever the windows", () => {
    forAll(problems, ({ samples, image, seed, ...options }) => {
      // Few different numbers, so that windows hold equal ones.
      const draw = (): Tensor => {
        const x = random(seed).normal([samples, 3, ...image]);
        x.data.forEach((v, i) => {
          x.data[i] = Math.round(v);
        });
        return x;
      };
      expectSame((x) => maxPool2d(x, options), draw);
    });
  });

  it("takes the same means as the plain kernels, whatever the windows", () => {
    const plain = problems.filter(({ image, kernelSize, padding }) =>
      image.every((n, i) => n + 2 * padding[i]! >= kernelSize[i]!),
    );
    forAll(plain, ({ samples, image, seed, dilation: _, ...options }) => {
      const draw = (): Tensor => random(seed).normal([samples, 3, ...image]);
      expectSame((x) => avgPool2d(x, options), draw);
      expectSame((x) => avgPool2d(x, { ...options, countIncludePad: false }), draw);
    });
  });

  it("finds the first NaN of a window and the largest where all are −Infinity", () => {
    const draw = (): Tensor => {
      const x = random(3).normal([1, 2, 6, 6]);
      x.data.set([Number.NaN, 1, Number.NaN, 2, Number.NaN, 3], 6);
      x.data.fill(-Infinity, 36, 72);
      return x;
    };
    expectSame((x) => maxPool2d(x, { kernelSize: 2 }), draw);
    expectSame((x) => maxPool2d(x, { kernelSize: 3, stride: 1, padding: 1 }), draw);
  });
});

import { add, cpu, random, relu, type Tensor, useBackend, vjp } from "@evenkeel/autodiff";
import {
  type Layout,
  normalizePlanes,
  planeSize,
  standardMap,
  variance,
} from "@evenkeel/norm-core";
import { forAll, sameBits, seeds } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

const sizes = (inner: fc.Arbitrary<number>, channels: number): fc.Arbitrary<Layout> =>
  fc.record({
    samples: fc.integer({ min: 1, max: 3 }),
    outer: fc.integer({ min: 1, max: 4 }),
    channels: fc.integer({ min: 1, max: channels }),
    inner,
  });
const layouts: Readonly<Record<string, fc.Arbitrary<Layout>>> = {
  "channels last": sizes(fc.constant(1), 21),
  "short runs": sizes(fc.integer({ min: 2, max: 7 }), 9),
  "long runs": sizes(fc.integer({ min: 8, max: 300 }), 5),
  rows: fc.record({
    samples: fc.integer({ min: 1, max: 150 }),
    outer: fc.constant(1),
    channels: fc.constant(1),
    inner: fc.integer({ min: 1, max: 100 }),
  }),
};

interface Step {
  readonly output: Tensor;
  readonly gradients: readonly Tensor[];
}

/** Output and gradients, the relu in the norm's passes or after them. */
function step(layout: Layout, along: number, seed: number, fused: boolean): Step {
  const { samples, outer, channels, inner } = layout;
  const stream = random(seed);
  const x = stream.normal([samples, outer, channels, inner], { mean: 3 });
  const g = stream.normal(x.shape);
  const affine = [stream.normal([channels]), stream.normal([channels])];
  const places = [stream.normal([planeSize(layout)]), stream.normal([planeSize(layout)])];
  const forward = (...[t, weight, bias, ...rest]: Tensor[]): Tensor => {
    const { output } = normalizePlanes(
      t!,
      { weight: weight!, bias: bias! },
      (planes, given) => standardMap(planes.mean, variance(planes), 0.1, given),
      { layout, weight: rest[0], bias: rest[1], activation: fused ? "relu" : undefined },
    );
    return fused ? output : relu(output);
  };
  const { value, pullback } = vjp(forward, x, ...affine, ...places.slice(0, along));
  return { output: value, gradients: pullback(g) };
}

describe("a relu in the passes of a norm", () => {
  for (const [kind, layout] of Object.entries(layouts)) {
    for (const [along, name] of ["no weight", "a weight", "a weight and a bias"].entries()) {
      test(`gives the bits of a relu after them, over ${kind} with ${name} along the plane`, () => {
        forAll(fc.tuple(layout, seeds()), ([l, seed]) => {
          const fused = step(l, along, seed, true);
          const after = step(l, along, seed, false);
          // 0 and -0 are the same here.
          expect(sameBits(add(fused.output, 0), add(after.output, 0))).toBe(true);
          fused.gradients.forEach((gradient, i) => {
            expect(sameBits(gradient, after.gradients[i]!)).toBe(true);
          });
        });
        const ours = [...backend.fallbacks.keys()].filter((op) => /plane|along/i.test(op));
        expect(ours).toEqual([]);
      });
    }
  }
});

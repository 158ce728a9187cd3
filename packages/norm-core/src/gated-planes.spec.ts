import { grad, mul, random, relu, sum, type Tensor, vjp } from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { batchPlanes, type Layout, rowPlanes } from "./layout.ts";
import { variance } from "./moments.ts";
import { affinePlanes, normalizePlanes } from "./normalize.ts";
import { standardMap } from "./rules.ts";

const shape = [4, 3, 5];
const draw = (seed: number, size: readonly number[]): Tensor =>
  random(seed).normal(size, { dtype: "float64" });

interface Kind {
  readonly layout: Layout;
  /** One per plane, and along the plane. */
  readonly weights: readonly [Tensor, Tensor];
  readonly along: readonly Tensor[];
}
const perChannel = [draw(2, [3]), draw(3, [3])] as const;
const perRow = [draw(2, [12, 1]), draw(3, [12, 1])] as const;
const kinds: Readonly<Record<string, Kind>> = {
  "channels of the batch": { layout: batchPlanes(shape, 1), weights: perChannel, along: [] },
  "channels on the last axis": {
    layout: batchPlanes([4, 5, 3], -1),
    weights: perChannel,
    along: [],
  },
  "rows with a weight": { layout: rowPlanes(shape, -1), weights: perRow, along: [draw(4, [5])] },
  "rows with a weight and a bias": {
    layout: rowPlanes(shape, -1),
    weights: perRow,
    along: [draw(4, [5]), draw(5, [5])],
  },
};

function forward({ layout }: Kind, fused: boolean): (...inputs: readonly Tensor[]) => Tensor {
  return (x, weight, bias, ...along) => {
    const { output } = normalizePlanes(
      x!,
      { weight: weight!, bias: bias! },
      (planes, given) => standardMap(planes.mean, variance(planes), 1e-5, given),
      { layout, weight: along[0], bias: along[1], activation: fused ? "relu" : undefined },
    );
    return fused ? output : relu(output);
  };
}

describe("a relu in the passes of a norm", () => {
  for (const [name, kind] of Object.entries(kinds)) {
    const inputs = [draw(1, shape), ...kind.weights, ...kind.along];
    const g = draw(6, shape);

    test(`gives output and gradients of a relu after it, over ${name}`, () => {
      const [fused, after] = [true, false].map((is) => vjp(forward(kind, is), ...inputs));
      expectClose("output", fused!.value, after!.value, tolerances.reference);
      expect(fused!.value.data.some((v) => v === 0)).toBe(true);
      const [ours, theirs] = [fused!.pullback(g), after!.pullback(g)];
      ours.forEach((gradient, i) => {
        expectClose(`gradient ${i}`, gradient, theirs[i]!, tolerances.reference);
      });
    });

    test(`differentiates again as a relu after it does, over ${name}`, () => {
      const second = (fused: boolean): Tensor[] => {
        const first = (...at: readonly Tensor[]): Tensor =>
          sum(mul(mul(forward(kind, fused)(...at), g), g));
        const slope = (...at: readonly Tensor[]): Tensor =>
          sum(mul(grad(first)(...at), draw(7, shape)));
        return grad(slope, { argnums: inputs.map((_, i) => i) })(...inputs) as Tensor[];
      };
      const [ours, theirs] = [second(true), second(false)];
      ours.forEach((gradient, i) => {
        expectClose(`gradient ${i}`, gradient, theirs[i]!, tolerances.reference);
      });
    });
  }

  test("follows given statistics, too", () => {
    const layout = batchPlanes(shape, 1);
    const at = (x: Tensor, scale: Tensor, activation?: "relu"): Tensor => {
      const map = { center: perChannel[0], scale, shift: perChannel[1] };
      const output = affinePlanes(x, map, { layout, activation });
      return activation ? output : relu(output);
    };
    const inputs = [draw(1, shape), draw(8, [3])] as const;
    const fused = vjp((x: Tensor, s: Tensor) => at(x, s, "relu"), ...inputs);
    const after = vjp((x: Tensor, s: Tensor) => at(x, s), ...inputs);
    expectClose("output", fused.value, after.value, tolerances.reference);
    const g = draw(6, shape);
    const theirs = after.pullback(g);
    fused.pullback(g).forEach((gradient, i) => {
      expectClose(`gradient ${i}`, gradient, theirs[i]!, tolerances.reference);
    });
  });
});

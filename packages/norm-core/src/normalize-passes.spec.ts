import {
  add,
  type Backend,
  cast,
  cpu,
  currentBackend,
  grad,
  mul,
  random,
  sum,
  type Tensor,
  useBackend,
  vjp,
} from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { batchPlanes, type Layout, rowPlanes, samplePlanes } from "./layout.ts";
import { type Moments, variance } from "./moments.ts";
import { affinePlanes, normalizePlanes, statisticsDType } from "./normalize.ts";
import type { PlaneMap } from "./plane-rule.ts";
import { standardMap } from "./rules.ts";

afterEach(() => useBackend(cpu));

/** Names of the ops that read or write arrays as large as x. */
function passes(size: number, run: () => void): string[] {
  const names: string[] = [];
  const counting: Backend = {
    ...cpu,
    name: "counting",
    run(spec, out, inputs, params) {
      if ([out, ...inputs].some((t) => t.size >= size)) names.push(spec.name);
      cpu.run(spec, out, inputs, params);
    },
  };
  useBackend(counting);
  run();
  useBackend(cpu);
  return names;
}

const standard = (m: Moments, params: Readonly<Record<string, Tensor>>): PlaneMap =>
  standardMap(m.mean, variance(m), 1e-5, params);

/** A forward and a backward with these arguments differentiated. */
function forwardAndBackward<A extends Tensor[]>(f: (...args: A) => Tensor, ...args: A): string[][] {
  const cotangent = random(2).normal(f(...args).shape);
  let pullback: (g: Tensor) => unknown = () => expect.unreachable("no forward");
  const size = cotangent.size;
  const forward = passes(size, () => {
    pullback = vjp(f, ...args).pullback;
  });
  return [forward, passes(size, () => void pullback(cotangent))];
}

describe("passes over memory", () => {
  const stream = random(1);
  const layouts: Readonly<Record<string, Layout>> = {
    "channels first": samplePlanes([4, 3, 5, 5], 1),
    "channels last": samplePlanes([4, 5, 5, 3], 3),
    "planes of the batch": batchPlanes([4, 3, 5, 5], 1),
  };
  for (const [name, layout] of Object.entries(layouts)) {
    test(`normalizePlanes over ${name} makes two forward and two backward`, () => {
      const f = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
        normalizePlanes(x, { weight, bias }, standard, { layout }).output;
      const args = [stream.normal([300]), stream.normal([3]), stream.normal([3])] as const;
      expect(forwardAndBackward(f, ...args)).toEqual([
        ["planeMoments", "planeAffine"],
        ["planeSums", "planeCombine"],
      ]);
    });
  }

  const layout = rowPlanes([8, 6], 1);
  const [x, weight, bias] = [stream.normal([8, 6]), stream.normal([6]), stream.normal([6])];
  const rows = (x0: Tensor, weight0: Tensor, bias0: Tensor): Tensor =>
    normalizePlanes(x0, {}, standard, { layout, weight: weight0, bias: bias0 }).output;
  test("a weight and a bias along the rows cost one more backward, together", () => {
    expect(forwardAndBackward(rows, x, weight, bias)).toEqual([
      ["planeMoments", "planeAffine"],
      ["planeSums", "planeCombine", "alongSums"],
    ]);
  });
  test("a frozen weight along the rows costs none", () => {
    const [, backward] = forwardAndBackward((x0: Tensor) => rows(x0, weight, bias), x);
    expect(backward).toEqual(["planeSums", "planeCombine"]);
  });
  test("an x that nobody differentiates costs no gradient of it", () => {
    const [, backward] = forwardAndBackward((w: Tensor) => rows(x, w, bias), weight);
    expect(backward).toEqual(["planeSums", "alongSums"]);
  });
  test("affinePlanes makes one forward and two backward, one where only x is differentiated", () => {
    const ones = stream.normal([8, 1]);
    const f = (x0: Tensor, scale: Tensor): Tensor =>
      affinePlanes(x0, { center: ones, scale, shift: ones }, { layout });
    const [forward, backward] = forwardAndBackward(f, x, ones);
    expect(forward).toEqual(["planeAffine"]);
    expect(backward!.toSorted()).toEqual(["planeAffine", "planeSums"]);
    expect(forwardAndBackward((x0: Tensor) => f(x0, ones), x)[1]).toEqual(["planeAffine"]);
  });
});

describe("precision", () => {
  const shape = [4, 3, 7];
  const layout = batchPlanes(shape, 1);
  const stream = random(4);
  const x = cast(add(stream.normal(shape, { dtype: "float64" }), 1e6), "float32");
  const cotangent = stream.normal(shape, { dtype: "float64" });
  const normalized = (given: Tensor): Tensor =>
    normalizePlanes(given, {}, standard, { layout }).output;
  const loss = (given: Tensor): Tensor => {
    const y = normalized(given);
    return sum(mul(y, cast(cotangent, y.dtype)));
  };

  test("float32 keeps its own precision at an offset of a million", () => {
    const exact = cast(x, "float64");
    const { output, gradient } = tolerances.backends.cpu;
    expect(normalized(x).dtype).toBe("float32");
    expectClose("output", normalized(x), normalized(exact), output);
    expectClose("gradient", grad(loss)(x), grad(loss)(exact), gradient);
  });
  test("statistics have the dtype of x where the backend has no float64", () => {
    expect(statisticsDType(x)).toBe("float64");
    const single: Backend = { ...cpu, name: "single", dtypes: ["float32"], fallbacks: new Map() };
    useBackend(single);
    expect(currentBackend()).toBe(single);
    expect(statisticsDType(x)).toBe("float32");
    const near = stream.normal(shape);
    const found = [normalized(near), grad(loss)(near)];
    useBackend(cpu);
    const exact = cast(near, "float64");
    expectClose("output", found[0]!, normalized(exact), tolerances.backends.cpu.output);
    expectClose("gradient", found[1]!, grad(loss)(exact), tolerances.backends.cpu.gradient);
  });
});

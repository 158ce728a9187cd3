import { cast, type DType, grad, leaves, mul, random, sum, type Tensor } from "@evenkeel/autodiff";
import type { Tensors } from "@evenkeel/norm-core";
import { expectClose, normSuite, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/proxy-norm.json" with { type: "json" };
import { proxyNormCase } from "./proxy-norm.case.ts";
import { proxyDecay, proxyNorm } from "./proxy-norm.ts";
import { normalQuantiles } from "./quantiles.ts";

describe("proxyNorm", () => {
  for (const { name, run } of normSuite(proxyNormCase, { golden: [golden] })) test(name, run);
});

test("proxyNorm with relu is in float32 what it is in float64, gradients too", () => {
  const norm = proxyNorm({ numChannels: 4, numGroups: 2, activation: "relu" });
  const run = (dtype: DType): Tensor[] => {
    const [x, weight, c] = [1, 2, 3].map((seed) =>
      cast(random(seed).normal(seed === 2 ? [4] : [2, 4, 5]), dtype),
    ) as [Tensor, Tensor, Tensor];
    const params = { ...norm.init({ dtype }).params, weight };
    const loss = (at: { x: Tensor; params: Tensors }): Tensor =>
      sum(mul(norm.apply(at.x, at.params, {}).output, c));
    return [norm.apply(x, params, {}).output, ...leaves(grad(loss)({ x, params }))];
  };
  const [single, double] = [run("float32"), run("float64")];
  const { output, gradient } = tolerances.backends.cpu;
  single.forEach((t, i) => {
    expect(t.dtype).toBe("float32");
    expectClose(`tensor ${i}`, t, double[i]!, i === 0 ? output : gradient);
  });
});

describe("normalQuantiles", () => {
  test("are those of tables", () => {
    // Φ⁻¹(0.75) and Φ⁻¹(0.9) of any table of the normal distribution.
    expect([...normalQuantiles(2)]).toEqual([-0.6744897501960817, 0.6744897501960817]);
    expect(normalQuantiles(5)[4]).toBeCloseTo(1.2815515655446004, 14);
    expect([...normalQuantiles(1)]).toEqual([0]);
  });

  test("cancel, grow, and have a variance a little below 1", () => {
    for (const count of [2, 3, 10, 200, 1001]) {
      const q = normalQuantiles(count);
      expect(q.reduce((sum, v, k) => sum + v + q[count - 1 - k]!, 0)).toBe(0);
      expect([...q].sort((a, b) => a - b)).toEqual([...q]);
      expect(new Set(q).size).toBe(count);
    }
    const variance = normalQuantiles(200).reduce((sum, v) => sum + v * v, 0) / 200;
    expect(variance).toBeGreaterThan(0.98);
    expect(variance).toBeLessThan(1);
  });
});

describe("proxyDecay", () => {
  const names = ["0.weight", "1.weight", "1.bias", "1.proxyScale", "1.proxyBias", "head.bias"];

  test("spares weight and bias of proxy norms only", () => {
    expect(names.filter(proxyDecay(names))).toEqual([
      "0.weight",
      "1.proxyScale",
      "1.proxyBias",
      "head.bias",
    ]);
  });

  test("spares those of a norm by itself", () => {
    expect(["weight", "proxyScale"].filter(proxyDecay(["weight", "proxyScale"]))).toEqual([
      "proxyScale",
    ]);
  });
});

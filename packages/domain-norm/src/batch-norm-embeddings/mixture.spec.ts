import { grad, ones, random, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { checkGradients } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { domainDistances, mixDomains } from "./batch-norm-embeddings.ts";

const layer = { numFeatures: 2 };
const statistics = (means: number[][], variances: number[][]): Record<string, Tensor> => ({
  runningMean: tensor(means, { dtype: "float64" }),
  runningVar: tensor(variances, { dtype: "float64" }),
});
const numbers = (t: Tensor): number[] => [...t.data];

describe("domainDistances", () => {
  const x = tensor(
    [
      [
        [1, 3],
        [0, 0],
      ],
    ],
    { dtype: "float64" },
  ); // means 2, 0; deviations 1, 0
  const state = statistics(
    [
      [2, 0],
      [0, 0],
    ],
    [
      [1, 0],
      [4, 1],
    ],
  );

  test("compares means and deviations of each sample with those of each domain", () => {
    const given = { ...layer, eps: 0 };
    const distance = (name: "w2squared" | "w2"): number[] =>
      numbers(domainDistances(x, state, given, { distance: name }));
    expect(distance("w2squared")).toEqual([0, 4 + 1 + 1]);
    expect(distance("w2")).toEqual([0, Math.sqrt(6)]);
    expect(numbers(domainDistances(x, state, given, { reduce: "mean" }))).toEqual([0, 3]);
  });

  test("takes channels on any axis", () => {
    const y = random(1).normal([3, 2, 5], { dtype: "float64" });
    const moved = tensor(
      Float64Array.from(
        { length: 30 },
        (_, i) => y.data[Math.floor(i / 10) * 10 + (i % 2) * 5 + (Math.floor(i / 2) % 5)]!,
      ),
      { shape: [3, 5, 2] },
    );
    const last = domainDistances(moved, state, { ...layer, channelAxis: -1 });
    numbers(last).forEach(
      (v, i) => void expect(v).toBeCloseTo(domainDistances(y, state, layer).data[i]!, 12),
    );
  });

  test.each(["w2squared", "w2", "bhattacharyya"] as const)(
    "%s has right gradients of orders 1 to 3",
    (distance) => {
      const y = random(2).normal([3, 2, 4], { dtype: "float64" });
      checkGradients((at) => sum(domainDistances(at, state, layer, { distance })), y, { order: 3 });
    },
  );

  test("is finite with its gradient where a plane has one value", () => {
    const single = ones([1, 2, 1], { dtype: "float64" });
    const g = grad((at: Tensor) => sum(domainDistances(at, state, layer)))(single);
    expect(numbers(g).every(Number.isFinite)).toBe(true);
  });
});

describe("mixDomains", () => {
  const branches = tensor(
    [
      [
        [1, 0],
        [0, 4],
      ],
    ],
    { dtype: "float64" },
  );
  const distances = tensor([[1, 3]], { dtype: "float64" });

  test("weighs branches by the inverse of their distance", () => {
    const { output, weights } = mixDomains(branches, distances);
    expect(numbers(weights)).toEqual([0.75, 0.25]);
    expect(numbers(output)).toEqual([0.75, 1]);
  });

  test("of probabilities gives the logarithm of their mixture", () => {
    const { output } = mixDomains(branches, distances, { combine: "probabilities" });
    const p = (a: number, b: number): number => Math.exp(a) / (Math.exp(a) + Math.exp(b));
    expect(output.data[0]).toBeCloseTo(Math.log(0.75 * p(1, 0) + 0.25 * p(0, 4)), 12);
    expect(Math.exp(output.data[0]!) + Math.exp(output.data[1]!)).toBeCloseTo(1, 12);
  });

  test("lets gradients through the weights, unless they are detached", () => {
    const by = (detachWeights: boolean): Tensor =>
      grad((d: Tensor) => sum(mixDomains(branches, d, { detachWeights }).output))(distances);
    expect(numbers(by(true))).toEqual([0, 0]);
    expect(numbers(by(false)).every((v) => v !== 0)).toBe(true);
  });

  test("refuses what are not logits of each sample and domain", () => {
    expect(() => mixDomains(distances, distances)).toThrow(
      "mixDomains: expected branches [samples, domains, classes] and distances [samples, domains], got [1, 2] and [1, 2]. The network should give one row of logits per sample.",
    );
  });

  test("refuses a sample that is exactly like a domain, and takes it with distanceEps", () => {
    const exact = tensor([[0, 3]], { dtype: "float64" });
    expect(() => mixDomains(branches, exact)).toThrow(
      "mixDomains: expected finite distances above 0, got a distance of 0, or one that is not finite. Pass distanceEps: 1e-12",
    );
    const { weights } = mixDomains(branches, exact, { distanceEps: 1e-12 });
    expect(weights.data[0]).toBeCloseTo(1, 10);
  });
});

import { describe, expect, test } from "vitest";
import { random } from "./index.ts";

describe("random", () => {
  test("equal seeds give equal bits, other seeds others", () => {
    const draw = (seed: number) => [...random(seed).normal([4], { dtype: "float64" }).data];
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
  test("the first numbers of seed 1 are these, on every machine", () => {
    const stream = random(1);
    expect([stream.next(), stream.next(), stream.integer(1000)]).toMatchInlineSnapshot(`
      [
        0.6270739405881613,
        0.002735721180215478,
        527,
      ]
    `);
  });
  test("a stream goes on from its state", () => {
    const stream = random(3);
    stream.next();
    const copy = random(stream.state);
    expect([copy.next(), copy.gaussian()]).toEqual([stream.next(), stream.gaussian()]);
  });
  test("split streams differ from their parent and from each other", () => {
    const stream = random(3);
    const firsts = [stream.split(), stream.split(), stream].map((s) => s.next());
    expect(new Set(firsts).size).toBe(3);
  });
  test("a permutation holds every number once", () => {
    const order = random(5).permutation(100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...order.slice(0, 3)]).not.toEqual([0, 1, 2]);
  });
  test("integer covers its range and nothing else", () => {
    const stream = random(9);
    const seen = new Set(Array.from({ length: 200 }, () => stream.integer(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("tensors of random numbers", () => {
  const moments = (data: ArrayLike<number>) => {
    const values = Array.from(data);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    return { mean, variance, min: Math.min(...values), max: Math.max(...values) };
  };
  test("normal has mean and spread as asked", () => {
    const { mean, variance } = moments(random(2).normal([10_000], { mean: 3, std: 2 }).data);
    expect(mean).toBeCloseTo(3, 1);
    expect(variance).toBeCloseTo(4, 0);
  });
  test("uniform fills its interval evenly", () => {
    const { data } = random(2).uniform([10_000], { low: -1, high: 3 });
    const { mean, variance, min, max } = moments(data);
    expect(min).toBeGreaterThanOrEqual(-1);
    expect(max).toBeLessThan(3);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
  });
  test("are float32 unless told, of the shape asked", () => {
    expect(random(1).normal([2, 3]).dtype).toBe("float32");
    expect(random(1).uniform([], { dtype: "float64" }).dtype).toBe("float64");
    expect(random(1).normal([2, 0]).size).toBe(0);
  });
  test("refuse what is no shape or dtype", () => {
    expect(() => random(1).normal([-2])).toThrow(
      "random: expected a shape of whole numbers >= 0, got [-2].",
    );
    expect(() => random(1).uniform([1], { dtype: "int8" as "float32" })).toThrow(
      'random: expected dtype "float32" or "float64", got "int8".',
    );
  });
});

import { gather, random, slice, type Tensor, tensor } from "@evenkeel/autodiff";
import {
  at,
  checkGradients,
  eachIndex,
  expectClose,
  forAll,
  type NdArray,
  ndarray,
  shapes,
  tensors,
  tolerances,
} from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Moments,
  merge,
  mergeAll,
  mergeGroups,
  momentsOf,
  unbiasedVariance,
  variance,
} from "./moments.ts";

const f64 = (data: Parameters<typeof tensor>[0]): Tensor => tensor(data, { dtype: "float64" });

interface Plain {
  readonly count: number;
  readonly mean: number;
  readonly m2: number;
}
/** Moments of a list of numbers, each as often as its weight says. */
function plain(values: readonly number[], weights = values.map(() => 1)): Plain {
  const count = weights.reduce((a, b) => a + b, 0);
  const mean = values.reduce((a, v, i) => a + weights[i]! * v, 0) / count;
  return { count, mean, m2: values.reduce((a, v, i) => a + weights[i]! * (v - mean) ** 2, 0) };
}

function expectMoments(found: Moments, shape: readonly number[], list: readonly Plain[]): void {
  const all = (pick: (p: Plain) => number): NdArray => ndarray(shape, list.map(pick));
  const { count, mean, m2 } = found;
  if (typeof count === "number")
    expect(new Set(list.map((p) => p.count))).toEqual(new Set([count]));
  else
    expectClose(
      "count",
      count,
      all((p) => p.count),
      tolerances.reference,
    );
  expectClose(
    "mean",
    mean,
    all((p) => p.mean),
    tolerances.reference,
  );
  expectClose(
    "m2",
    m2,
    all((p) => p.m2),
    tolerances.reference,
  );
}

/** The numbers of each group that reducing over `axes` joins, in order. */
function groups(x: NdArray, axes: readonly number[]): number[][] {
  const found = new Map<string, number[]>();
  eachIndex(x.shape, (index) => {
    const key = index.filter((_, axis) => !axes.includes(axis)).join();
    found.set(key, [...(found.get(key) ?? []), at(x, index)]);
  });
  return [...found.values()];
}

const reductions = fc
  .record({
    x: tensors(shapes({ minRank: 1 })),
    picks: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    keepDims: fc.boolean(),
    seed: fc.nat({ max: 99 }),
  })
  .map(({ x, picks, keepDims, seed }) => {
    const axes = x.shape.map((_, i) => i).filter((i) => picks[i]);
    const kept = x.shape.map((n, i) => (picks[i] ? 1 : n));
    const shape = keepDims ? kept : kept.filter((_, i) => !picks[i]);
    return { x, axes, keepDims, shape, seed };
  });

describe("momentsOf", () => {
  test("counts, averages and sums squares over any axes, kept or dropped", () => {
    forAll(reductions, ({ x, axes, keepDims, shape }) => {
      const list = groups(ndarray(x.shape, x.data), axes).map((values) => plain(values));
      expectMoments(momentsOf(x, { axes, keepDims }), shape, list);
    });
  });
  test("weighs each number", () => {
    forAll(reductions, ({ x, axes, keepDims, shape, seed }) => {
      const weights = random(seed).uniform(x.shape, { low: 0.5, high: 2, dtype: "float64" });
      const given = groups(ndarray(x.shape, weights.data), axes);
      const list = groups(ndarray(x.shape, x.data), axes).map((v, i) => plain(v, given[i]));
      expectMoments(momentsOf(x, { axes, keepDims, weights }), shape, list);
    });
  });
  const x = random(1).normal([4, 3], { dtype: "float64" });
  test("counts a number as often as its whole weight says, and leaves out what weighs 0", () => {
    const found = momentsOf(x, { axes: 0, weights: f64([[2], [0], [1], [3]]) });
    const listed = momentsOf(gather(x, [0, 0, 2, 3, 3, 3]), { axes: 0 });
    expect(listed.count).toBe(6);
    expectClose("mean", found.mean, listed.mean, tolerances.reference);
    expectClose("m2", found.m2, listed.m2, tolerances.reference);
    expect([...(found.count as Tensor).data]).toEqual([6, 6, 6]);
  });
  test("leaves out what weighs 0 even where it is NaN", () => {
    const found = momentsOf(f64([1, Number.NaN, 3]), { axes: 0, weights: f64([1, 0, 1]) });
    expect([found.mean.data[0], found.m2.data[0]]).toEqual([2, 2]);
  });
  test("keeps axes of size 1 unless told otherwise", () => {
    expect(momentsOf(x, { axes: 0 }).mean.shape).toEqual([1, 3]);
    expect(momentsOf(x, { axes: 0, keepDims: false }).m2.shape).toEqual([3]);
  });
});

describe("merge", () => {
  const stream = random(2);
  const values = stream.normal([6, 4], { dtype: "float64" });
  const parts = momentsOf(values, { axes: 1 });
  test("joins parts of equal counts, given as a number, and counts in numbers", () => {
    const found = merge(parts, { axes: 0, keepDims: false });
    expect(found.count).toBe(24);
    expectMoments(found, [1], [plain([...values.data])]);
  });
  test("takes counts as a tensor, which may broadcast", () => {
    for (const count of [f64([[4], [4], [4], [4], [4], [4]]), f64(4)]) {
      expectMoments(
        merge({ ...parts, count }, { axes: [0, 1] }),
        [1, 1],
        [plain([...values.data])],
      );
    }
  });
  test("counts every number of a part as often as the part's weight says", () => {
    const weights = f64([[1], [0], [2], [0], [1], [1]]);
    const rows = gather(values, [0, 2, 2, 4, 5]);
    expectMoments(merge(parts, { axes: 0, weights }), [1, 1], [plain([...rows.data])]);
  });
  test("of parts cut anywhere gives the moments of the whole, even far from 0", () => {
    const cuts = fc.record({
      // Whole 64ths, so that the offset rounds nothing away.
      steps: fc.array(fc.integer({ min: -128, max: 128 }), { minLength: 1, maxLength: 30 }),
      cuts: fc.array(fc.nat({ max: 30 }), { maxLength: 6 }),
      offset: fc.constantFrom(0, 1e6),
    });
    forAll(cuts, ({ steps, cuts: places, offset }) => {
      const x = f64(steps.map((v) => offset + v / 64));
      const edges = [0, ...places.map((c) => c % x.size), x.size].sort((a, b) => a - b);
      const list = edges.slice(1).flatMap((end, i) => {
        const begin = edges[i]!;
        return end > begin ? [momentsOf(slice(x, [begin], [end]), { axes: 0 })] : [];
      });
      const { mean, m2, count } = mergeAll(list);
      const near = plain(steps.map((v) => v / 64));
      expect([...(count as Tensor).data]).toEqual([x.size]);
      expectClose("mean", mean, ndarray([1], [offset + near.mean]), tolerances.reference);
      expectClose("m2", m2, ndarray([1], [near.m2]), tolerances.golden);
    });
  });
  test("has right gradients in means, squares, counts and weights", () => {
    const given = {
      mean: values,
      m2: stream.uniform([6, 4], { dtype: "float64" }),
      count: stream.uniform([6, 1], { low: 2, high: 5, dtype: "float64" }),
      weights: stream.uniform([6, 4], { low: 0.5, high: 2, dtype: "float64" }),
    };
    for (const weighted of [true, false]) {
      const f = ({ weights, ...moments }: typeof given) => {
        const { mean, m2 } = merge(moments, { axes: 0, ...(weighted && { weights }) });
        return [mean, m2];
      };
      checkGradients(f, given, { order: 3 });
    }
    const equal = ({ mean, m2 }: { mean: Tensor; m2: Tensor }) => {
      const found = merge({ count: 3, mean, m2 }, { axes: 1 });
      return [found.mean, found.m2];
    };
    checkGradients(equal, { mean: given.mean, m2: given.m2 }, { order: 3 });
  });
});

describe("mergeAll", () => {
  const stream = random(3);
  const batches = [2, 5, 3].map((n) => stream.normal([n, 2], { dtype: "float64" }));
  const moments = batches.map((x) => momentsOf(x, { axes: 0, keepDims: false }));
  const column = (list: readonly Tensor[], c: number): number[] =>
    list.flatMap((x) => [...x.data].filter((_, i) => i % 2 === c));
  test("joins micro-batches of different sizes", () => {
    const list = [0, 1].map((c) => plain(column(batches, c)));
    expectMoments(mergeAll(moments), [2], list);
  });
  test("joins workers that know their counts as numbers and as tensors", () => {
    const mixed = moments.map((m, i) => (i === 1 ? { ...m, count: f64([5, 5]) } : m));
    const list = [0, 1].map((c) => plain(column(batches, c)));
    expectMoments(mergeAll(mixed), [2], list);
  });
  test("weighs each part, by a number or one per entry", () => {
    const [a, b, c] = batches as [Tensor, Tensor, Tensor];
    const found = mergeAll(moments, [2, f64([0, 1]), 1]);
    const list = [plain(column([a, a, c], 0)), plain(column([a, a, b, c], 1))];
    expectMoments(found, [2], list);
  });
  test("differentiates through every part", () => {
    const f = (list: readonly Tensor[]) => {
      const found = mergeAll(list.map((x) => momentsOf(x, { axes: 0 })));
      return [found.mean, found.m2];
    };
    checkGradients(f, batches, { order: 3 });
  });
});

describe("mergeGroups", () => {
  const x = random(4).normal([2, 6, 5], { dtype: "float64" });
  const parts = momentsOf(x, { axes: 2, keepDims: false });
  for (const numGroups of [1, 2, 3, 6]) {
    test(`puts the moments of each of ${numGroups} groups in the place of its channels`, () => {
      const width = 6 / numGroups;
      const list = Array.from({ length: 12 }, (_, k) => {
        const start = k - (k % width);
        return plain([...x.data].slice(start * 5, (start + width) * 5));
      });
      expectMoments(mergeGroups(parts, numGroups), [2, 6], list);
    });
  }
});

describe("variance and unbiasedVariance", () => {
  const m2 = f64([12, 6]);
  const mean = f64([0, 0]);
  test("divide M2 by the count and by one less, a number or a tensor", () => {
    expect([...variance({ count: 4, mean, m2 }).data]).toEqual([3, 1.5]);
    expect([...unbiasedVariance({ count: 4, mean, m2 }).data]).toEqual([4, 2]);
    const count = f64([4, 3]);
    expect([...variance({ count, mean, m2 }).data]).toEqual([3, 2]);
    expect([...unbiasedVariance({ count, mean, m2 }).data]).toEqual([4, 3]);
  });
  test("of a single number: 0, and nothing finite", () => {
    const one = momentsOf(f64([7]), { axes: 0 });
    expect(variance(one).item()).toBe(0);
    expect(unbiasedVariance(one).item()).toBeNaN();
  });
});

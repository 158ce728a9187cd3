import {
  cast,
  cpu,
  mean,
  pad,
  random,
  reshape,
  slice,
  sum,
  type Tensor,
  tensor,
  useBackend,
} from "@evenkeel/autodiff";
import { expectClose, forAll, sameBits, shapes, tensors, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

const { output: tolerance } = tolerances.backends["wasm"]!;

function plain(f: () => Tensor): Tensor {
  useBackend(cpu);
  try {
    return f();
  } finally {
    useBackend(backend);
  }
}

/** A tensor and some of its axes. */
function withAxes(maxRank: number): fc.Arbitrary<readonly [Tensor, number[]]> {
  return tensors(shapes({ minRank: 1, maxRank, maxSide: 9 }), { dtype: "float32" }).chain((x) =>
    fc.subarray(x.shape.map((_, i) => i)).map((axes) => [x, axes] as const),
  );
}

describe("sum", () => {
  test("over any axes agrees with float64, twice the same", () => {
    forAll(withAxes(4), ([x, axes]) => {
      for (const reduce of [sum, mean]) {
        const got = reduce(x, { axes });
        const expected = plain(() => reduce(cast(x, "float64"), { axes }));
        expectClose(reduce.name, got, expected, tolerance);
        expect(sameBits(reduce(x, { axes }), got)).toBe(true);
      }
    });
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("of float64 gives the plain kernel's bits", () => {
    forAll(withAxes(4), ([x, axes]) => {
      const f = (): Tensor => sum(cast(x, "float64"), { axes });
      expect(f().data).toEqual(plain(f).data);
    });
    expect(backend.fallbacks.get("sum")).toBeUndefined();
  });

  test("adds up in float64", () => {
    const x = tensor([1e8, ...new Array<number>(1000).fill(1), -1e8]);
    expect(sum(x).item()).toBe(1000);
    expect(sum(reshape(x, [1002, 1])).item()).toBe(1000);
    const columns = tensor([1e8, 1, 1, 2, -1e8, 3], { shape: [3, 2] });
    expect(sum(columns, { axes: 0 }).toArray()).toEqual([1, 6]);
  });

  test("leaves kept and summed axes that take turns too often to the plain kernel", () => {
    const x = random(1).normal([2, 2, 2, 2, 2]);
    const axes = [0, 2, 4];
    expect(sum(x, { axes }).data).toEqual(plain(() => sum(x, { axes })).data);
    expect(backend.fallbacks.get("sum")).toBe(1);
  });

  test("passes NaN and Infinity on", () => {
    expect(sum(tensor([1, Number.NaN])).item()).toBeNaN();
    expect(sum(tensor([1, Infinity, 2, 3, 4])).item()).toBe(Infinity);
  });
});

describe("slices and pads along the first axis", () => {
  const cut = fc.tuple(
    fc.constantFrom("float32" as const, "float64" as const),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 9 }),
  );
  test("are copies of one piece of memory, in both dtypes", () => {
    forAll(cut, ([dtype, before, rows, columns]) => {
      const x = random(before).normal([before + rows + 2, columns], { dtype });
      const one = (): Tensor => slice(x, [before], [before + rows]);
      expect(one().data).toEqual(plain(one).data);
      const two = (): Tensor =>
        pad(x, [
          [before, rows],
          [0, 0],
        ]);
      expect(two().data).toEqual(plain(two).data);
    });
    expect([...backend.fallbacks]).toEqual([]);
  });
  test("along another axis are the plain kernel's", () => {
    const x = random(1).normal([3, 4]);
    expect(slice(x, [0, 1]).data).toEqual(plain(() => slice(x, [0, 1])).data);
    const padding = [
      [0, 0],
      [1, 0],
    ];
    expect(pad(x, padding).data).toEqual(plain(() => pad(x, padding)).data);
    expect([...backend.fallbacks]).toEqual([
      ["slice", 1],
      ["pad", 1],
    ]);
  });
});

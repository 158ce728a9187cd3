import {
  cast,
  cpu,
  full,
  max,
  mean,
  min,
  reshape,
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
function withAxes(maxRank: number, maxSide = 9): fc.Arbitrary<readonly [Tensor, number[]]> {
  return tensors(shapes({ minRank: 1, maxRank, maxSide }), { dtype: "float32" }).chain((x) =>
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

  test("takes kept and summed axes in any turn, in both dtypes", () => {
    forAll(withAxes(6, 3), ([x, axes]) => {
      for (const t of [x, cast(x, "float64")]) {
        const [got, expected] = [sum(t, { axes }), plain(() => sum(t, { axes }))];
        expectClose("sum", got, expected, tolerance);
      }
    });
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("passes NaN and Infinity on", () => {
    expect(sum(tensor([1, Number.NaN])).item()).toBeNaN();
    expect(sum(tensor([1, Infinity, 2, 3, 4])).item()).toBe(Infinity);
  });
});

describe("max", () => {
  test("over any axes gives the plain kernel's numbers", () => {
    forAll(fc.oneof(withAxes(4), withAxes(6, 3)), ([x, axes]) => {
      for (const reduce of [max, min]) {
        expect(reduce(x, { axes }).data).toEqual(plain(() => reduce(x, { axes })).data);
      }
    });
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("finds NaN and infinities wherever they lie", () => {
    forAll(fc.tuple(fc.nat({ max: 22 }), fc.integer({ min: 1, max: 23 })), ([place, n]) => {
      for (const v of [Number.NaN, Infinity, -Infinity]) {
        const data = Float32Array.from({ length: n }, (_, i) => i - 9);
        data[place % n] = v;
        for (const shape of [[n], [1, n, 1], [n, 1]]) {
          const x = tensor(data, { shape });
          expect(max(x, { axes: 0 }).data).toEqual(plain(() => max(x, { axes: 0 })).data);
          expect(max(x).data).toEqual(plain(() => max(x)).data);
        }
      }
    });
    const rows = tensor([1, Number.NaN, 3, 4, -Infinity, 6, 7, 8, 9, 1], { shape: [2, 5] });
    expect([...max(rows, { axes: 0 }).data]).toEqual([6, Number.NaN, 8, 9, 1]);
    expect([...max(full([2, 5], -Infinity), { axes: 1 }).data]).toEqual([-Infinity, -Infinity]);
  });
});

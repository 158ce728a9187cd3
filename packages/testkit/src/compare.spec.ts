import { ones, tensor } from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { deviation, expectClose, guard, MismatchError, sameBits } from "./compare.ts";
import { at, build, eachIndex, ndarray, toPlain } from "./ndarray.ts";
import { showNumbers } from "./show.ts";
import { castTree, entries, rowsOf } from "./tree.ts";

const list = (...data: number[]) => ({ shape: [data.length], data });

describe("deviation", () => {
  test("is relative to the largest expected entry, and says where", () => {
    const got = { shape: [2, 2], data: [1, 2, 3, 100] };
    const expected = { shape: [2, 2], data: [1, 2, 4, 100] };
    expect(deviation(got, expected)).toEqual({ error: 0.01, index: [1, 0], got: 3, expected: 4 });
  });
  test("is absolute where everything expected is 0", () => {
    expect(deviation(list(1e-3), list(0)).error).toBe(1e-3);
  });
  test("is infinite for NaN, lost infinities and other shapes", () => {
    expect(deviation(list(Number.NaN), list(1)).error).toBe(Infinity);
    expect(deviation(list(1), list(Infinity)).error).toBe(Infinity);
    expect(deviation(list(1, 2), { shape: [1, 2], data: [1, 2] }).error).toBe(Infinity);
  });
  test("is 0 for equal infinities and NaN where NaN is expected", () => {
    expect(deviation(list(Infinity, Number.NaN), list(Infinity, Number.NaN)).error).toBe(0);
  });
});

describe("expectClose", () => {
  test("throws a MismatchError with both arrays and the worst place", () => {
    const call = (): void => expectClose("output", list(1, 2.5), list(1, 2), 1e-3);
    expect(call).toThrow(MismatchError);
    expect(call).toThrow(
      "output: expected [2] 1 2 within 0.001, got [2] 1 2.5, worst at [1]: 2.5 instead of 2 (relative error 2.5e-1).",
    );
  });
  test("takes numbers below 1 as rounding of numbers of size 1", () => {
    expectClose("noise", list(1e-16), list(0), 1e-10);
    expect(() => expectClose("noise", list(1e-9), list(0), 1e-10)).toThrow(MismatchError);
  });
});

test("guard refuses any change to the tensors it has seen, and names the one", () => {
  const tree = { x: ones([2]), params: { w: ones([1]) } };
  const unchanged = guard("test", tree);
  unchanged();
  tree.params.w.data[0] = 2;
  expect(unchanged).toThrow("test: expected params.w left as it was, [1] 1, got [1] 2.");
});

test("sameBits tells 0 from -0 and takes NaN for itself", () => {
  expect(sameBits(list(0), list(-0))).toBe(false);
  expect(sameBits(list(Number.NaN), list(Number.NaN))).toBe(true);
  expect(sameBits(list(1), list(1, 2))).toBe(false);
});

describe("plain arrays", () => {
  test("eachIndex, at and build agree on row-major order", () => {
    const a = build([2, 3], ([i, j]) => 10 * i! + j!);
    expect([...a.data]).toEqual([0, 1, 2, 10, 11, 12]);
    eachIndex(a.shape, (index, place) => expect(at(a, index)).toBe(a.data[place]));
  });
  test("toPlain copies tensors and keeps the rest", () => {
    const x = tensor([1, 2]);
    const plain = toPlain({ x, ids: Int32Array.of(1), mode: "train" });
    expect(plain).toEqual({ x: ndarray([2], [1, 2]), ids: Int32Array.of(1), mode: "train" });
  });
});

describe("trees", () => {
  test("entries give paths as one would write them", () => {
    const tree = { a: [ones([1]), { b: ones([2]) }], n: 1 };
    expect(entries(tree).map(([path]) => path)).toEqual(["a[0]", "a[1].b"]);
  });
  test("castTree casts tensors and keeps everything else", () => {
    const { x, n } = castTree({ x: ones([1]), n: 3 }, "float64");
    expect([x.dtype, n]).toEqual(["float64", 3]);
  });
  test("rowsOf takes rows of what has one per sample", () => {
    const condition = {
      ids: Int32Array.of(7, 8, 9),
      names: ["a", "b", "c"],
      mask: tensor([[1], [2], [3]]),
      shared: tensor([5, 6]),
    };
    const rows = rowsOf(condition, 3, [2, 0]);
    expect([[...rows.ids], rows.names, rows.mask.toArray(), rows.shared.toArray()]).toEqual([
      [9, 7],
      ["c", "a"],
      [[3], [1]],
      [5, 6],
    ]);
  });
});

test("showNumbers shows the shape, then rows, cut to a line", () => {
  expect(showNumbers({ shape: [2, 2], data: [1, 2, 3, 4] })).toBe("[2, 2] 1 2 | 3 4");
  expect(showNumbers({ shape: [], data: [5] })).toBe("[] 5");
  expect(showNumbers(build([100], () => 0))).toMatch(/ … \(100 numbers\)$/);
});

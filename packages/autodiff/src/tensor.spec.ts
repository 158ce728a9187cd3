import { expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import * as ad from "./index.ts";

describe("tensor", () => {
  test("takes a number, nested arrays and typed arrays, and their shape", () => {
    expect(ad.tensor(7).shape).toEqual([]);
    expect(ad.tensor([[1, 2, 3]]).shape).toEqual([1, 3]);
    expect(ad.tensor([[], []]).shape).toEqual([2, 0]);
    expect(ad.tensor(new Float32Array(4), { shape: [2, 2] }).shape).toEqual([2, 2]);
  });
  test("is float32 unless a Float64Array or an option says otherwise", () => {
    expect(ad.tensor([1]).dtype).toBe("float32");
    expect(ad.tensor(Float64Array.of(0.1)).data).toEqual(Float64Array.of(0.1));
    expect(ad.tensor(Float64Array.of(0.1), { dtype: "float32" }).item()).toBe(Math.fround(0.1));
    expect(ad.tensor([0.1], { dtype: "float64" }).item()).toBe(0.1);
  });
  test("copies what it is given", () => {
    const data = Float32Array.of(1, 2);
    const shape = [2];
    const x = ad.tensor(data, { shape });
    data[0] = 9;
    shape[0] = 9;
    expect([x.shape, x.toArray()]).toEqual([[2], [1, 2]]);
  });
  test.each([
    [
      "a count that does not fit",
      [1, 2, 3],
      { shape: [2, 2] },
      "4 numbers for shape [2, 2], got 3.",
    ],
    ["ragged rows", [[1, 2], [3]], {}, "rows of one shape, [2], got [1] at position 1."],
    ["numbers beside rows", [1, [2]], {}, "rows of one shape, [], got [1] at position 1."],
    ["a negative size", [], { shape: [-1] }, "a shape of whole numbers >= 0, got [-1]."],
    ["another dtype", [1], { dtype: "int8" }, 'dtype "float32" or "float64", got "int8".'],
    ["a string", "1", {}, 'numbers, nested arrays or a Float32Array or Float64Array, got "1".'],
  ])("refuses %s", (_name, data, options, message) => {
    const make = (): unknown => ad.tensor(data as number[], options as { shape: number[] });
    expectRefusal("tensor", make, `tensor: expected ${message}`);
  });
});

describe("makers of tensors", () => {
  test("zeros, ones, full and arange fill a shape in a dtype", () => {
    expect(ad.zeros([2]).toArray()).toEqual([0, 0]);
    expect(ad.ones([1, 2], { dtype: "float64" }).data).toEqual(Float64Array.of(1, 1));
    expect(ad.full([], 2.5).item()).toBe(2.5);
    expect(ad.arange(3).toArray()).toEqual([0, 1, 2]);
  });
  test("zerosLike and onesLike keep shape and dtype", () => {
    const x = ad.full([2, 1], 3, { dtype: "float64" });
    const alike = [ad.zerosLike(x), ad.onesLike(x)];
    expect(alike.map((t) => [t.shape, t.dtype, ...t.data])).toEqual([
      [[2, 1], "float64", 0, 0],
      [[2, 1], "float64", 1, 1],
    ]);
  });
  test.each<[string, () => unknown, string]>([
    ["zeros", () => ad.zeros([1.5]), "full: expected a shape of whole numbers >= 0, got [1.5]."],
    ["arange", () => ad.arange(-1), "arange: expected a shape of whole numbers >= 0, got [-1]."],
    [
      "ones",
      () => ad.ones([1], { dtype: "half" as ad.DType }),
      'full: expected dtype "float32" or "float64", got "half".',
    ],
  ])("%s refuses what is no shape or dtype", (name, call, message) => {
    expectRefusal(name, call, message);
  });
});

describe("reading a tensor", () => {
  test("read gives a copy, data the live memory", async () => {
    const x = ad.tensor([1, 2]);
    const copy = await x.read();
    expect(copy).toEqual(x.data);
    expect(copy).not.toBe(x.data);
    expect(x.data).toBe(x.data);
  });
  test("toArray nests as deep as the rank, empty axes included", () => {
    expect(ad.tensor([[[1], [2]]]).toArray()).toEqual([[[1], [2]]]);
    expect(ad.zeros([2, 0]).toArray()).toEqual([[], []]);
    expect(ad.zeros([0, 2]).toArray()).toEqual([]);
    expect(ad.zeros([2, 0, 3]).toArray()).toEqual([[], []]);
    expect(ad.tensor(5).toArray()).toBe(5);
  });
  test("item is for one element only", () => {
    expect(ad.tensor([[4]]).item()).toBe(4);
    expect(() => ad.zeros([2, 1]).item()).toThrow(
      "item: expected a tensor of one element, got shape [2, 1]. Use data, or reduce it with sum or mean first.",
    );
  });
  test("prints as shape and dtype, also inside other values", () => {
    expect(`${ad.zeros([2, 3])}`).toBe("Tensor([2, 3], float32)");
    expect(ad.show([ad.zeros([2, 3])])).toBe('["Tensor([2, 3], float32)"]');
  });
});

describe("trees of tensors", () => {
  const tree = { a: ad.ones([1]), list: [ad.zeros([2]), { b: ad.ones([3]) }] };
  test("leaves finds every tensor in order and passes over the rest", () => {
    expect(ad.leaves({ ...tree, name: "x", n: 3 }).map((t) => t.size)).toEqual([1, 2, 3]);
  });
  test("mapTree keeps the nesting and refuses what is no tensor, with its path", () => {
    expect(ad.mapTree("test", tree, (t) => ad.zeros([t.size + 1])).list).toHaveLength(2);
    expect(() => ad.mapTree("test", { ...tree, list: [1] }, (t) => t)).toThrow(
      "test: expected tensors in .list[0], got 1. Close over what is not differentiated, or make it a tensor.",
    );
  });
});

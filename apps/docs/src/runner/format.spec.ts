import { scope, tensor, zeros } from "@evenkeel/autodiff";
import { expect, test } from "vitest";
import { format, formatLine, shortNumber } from "./format.ts";

test("words stand as they are, other values beside them", () => {
  expect(formatLine(["loss", 0.1 + 0.2, true, null, undefined])).toBe(
    "loss 0.30000000000000004 true null undefined",
  );
});

test("numbers in lists have the digits of float32", () => {
  expect(format([0.10000000149011612, 3, -0, 1.1920928955078125e-7, Number.NaN])).toBe(
    "[0.1, 3, -0, 1.192093e-7, NaN]",
  );
  expect(shortNumber(1234567890)).toBe("1234567890");
});

test("rows of numbers are a matrix with columns", () => {
  const rows = [
    [1, 2.5],
    [3, -4.25],
  ];
  expect(format(rows)).toBe("[[1,   2.5],\n [3, -4.25]]");
  expect(formatLine(["rows", rows, "end"])).toBe("rows\n[[1,   2.5],\n [3, -4.25]]\nend");
});

test("a tensor shows its shape, its type and its numbers", () => {
  expect(format(tensor([1, 2]))).toBe("Tensor [2] float32 [1, 2]");
  expect(format(zeros([2, 2, 1], { dtype: "float64" }))).toBe(
    "Tensor [2, 2, 1] float64\n[[[0],\n  [0]],\n [[0],\n  [0]]]",
  );
});

test("a released tensor is no obstacle", () => {
  let gone = zeros([2]);
  scope(() => {
    gone = zeros([2]);
  });
  expect(format({ gone })).toMatch(/^\{\n? *gone: \[not readable: data: expected a tensor/);
});

test("what is long is shortened, and says by how much", () => {
  expect(format(Array.from({ length: 100 }, (_, i) => i))).toMatch(
    /^\[0, 1, .*… 69 more …, 92, .*99\]$/,
  );
  const tall = format(Array.from({ length: 40 }, (_, i) => [i, i]));
  expect(tall.split("\n")).toHaveLength(12);
  expect(tall).toContain("… 29 more …");
  expect(format(zeros([9, 2, 2])).split("\n")).toHaveLength(8);
  expect(format(Array.from({ length: 90 }, () => ({})))).toContain("… 41 more");
});

test("records, maps, sets and instances look like what one would write", () => {
  class Layer {
    readonly size = 3;
  }
  expect(format({ a: 1, b: "two", c: [true, { d: 2n }] })).toBe(
    '{ a: 1, b: "two", c: [true, { d: 2n }] }',
  );
  expect(format(new Layer())).toBe("Layer { size: 3 }");
  expect(format(new Map([["k", new Set([1])]]))).toBe("Map(1) { k => Set(1) { 1 } }");
  expect(format([new Float64Array([0.5, 1]), () => 1, Object.create(null), []])).toBe(
    "[Float64Array(2) [0.5, 1], function without a name, {}, []]",
  );
});

test("long records have a line for each entry", () => {
  const long = { first: "x".repeat(40), second: "y".repeat(40) };
  expect(format(long)).toBe(`{\n  first: "${"x".repeat(40)}",\n  second: "${"y".repeat(40)}"\n}`);
});

test("circles, depths and getters that throw come to an end", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  expect(format(circle)).toBe("{ self: [circular] }");
  expect(format({ a: { b: { c: { d: { e: 1 } } } } })).toBe("{ a: { b: { c: { d: { … } } } } }");
  const bad = {
    get x(): number {
      throw new Error("no");
    },
  };
  expect(format(bad)).toBe("[not readable: no]");
});

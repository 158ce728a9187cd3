import { expect, test } from "vitest";
import { channelsLast, permuted, restored } from "./layout.ts";

test("channels move to the end and back", () => {
  const x = { shape: [1, 2, 1, 3], data: Float32Array.of(1, 2, 3, 10, 20, 30) };
  const last = permuted(x, channelsLast);
  expect(last).toEqual({ shape: [1, 1, 3, 2], data: Float32Array.of(1, 10, 2, 20, 3, 30) });
  expect(restored(last.data, x.shape, channelsLast)).toEqual(x.data);
});

test("any order of axes is taken back by the same order", () => {
  const data = Float32Array.from({ length: 120 }, (_, i) => i);
  const shape = [2, 3, 4, 5];
  const axes = [2, 3, 1, 0];
  const there = permuted({ shape, data }, axes);
  expect(there.shape).toEqual([4, 5, 3, 2]);
  // Element [1, 2, 3, 4] of the first is [3, 4, 2, 1] of the second.
  expect(there.data[((3 * 5 + 4) * 3 + 2) * 2 + 1]).toBe(119);
  expect(restored(there.data, shape, axes)).toEqual(data);
});

test("without axes everything stays as it is", () => {
  const x = { shape: [2], data: Float32Array.of(1, 2) };
  expect(permuted(x).data).toBe(x.data);
  expect(restored(x.data, x.shape)).toBe(x.data);
});

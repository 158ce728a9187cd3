import { expect, test } from "vitest";
import { toChannelsFirst, toChannelsLast } from "./layout.ts";

test("channels move to the end and back", () => {
  const shape = [1, 2, 1, 3];
  const data = Float32Array.of(1, 2, 3, 10, 20, 30);
  const last = toChannelsLast(data, shape);
  expect([...last]).toEqual([1, 10, 2, 20, 3, 30]);
  expect(toChannelsFirst(last, shape)).toEqual(data);
});

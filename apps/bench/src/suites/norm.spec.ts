import { expect, test } from "vitest";
import { type NormData, normReference, relativeError } from "./reference.ts";

const data: NormData = {
  x: Float32Array.of(1, 4, 2, 8, 5, 7),
  g: Float32Array.of(0.5, -1, 2, 0.25, -0.75, 1),
  weight: Float32Array.of(1.5, 0.5, -2),
  bias: Float32Array.of(0.25, -1, 3),
  eps: 1e-5,
};

// Two rows of three: the layer norm of [2, 3], and the batch norm of the same numbers.
const layouts = {
  "layer norm": {
    groups: 2,
    groupOf: (i: number) => Math.floor(i / 3),
    parameterOf: (i: number) => i % 3,
  },
  "batch norm": { groups: 3, groupOf: (i: number) => i % 3, parameterOf: (i: number) => i % 3 },
};

for (const [name, grouping] of Object.entries(layouts)) {
  test(`the reference's ${name} gradients are the slopes of its own output`, () => {
    const loss = (at: NormData): number => {
      const output = normReference(at, grouping)["output"]!;
      return data.g.reduce((sum, g, i) => sum + g * output[i]!, 0);
    };
    const slopes = (key: "x" | "weight" | "bias"): number[] =>
      Array.from(data[key], (value, i) => {
        const step = 2 ** -10;
        const moved = (by: number): NormData => ({ ...data, [key]: data[key].with(i, value + by) });
        return (loss(moved(step)) - loss(moved(-step))) / (2 * step);
      });
    const expected = { gradX: slopes("x"), gradWeight: slopes("weight"), gradBias: slopes("bias") };
    expect(relativeError(normReference(data, grouping), expected)).toBeLessThan(1e-4);
  });
}

test("a missing, short or NaN array is no agreement", () => {
  const right = { y: [1, 2] };
  expect(relativeError({}, right)).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError({ y: [1] }, right)).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError({ y: [1, Number.NaN] }, right)).toBeNaN();
  expect(relativeError({ y: [1, 2.5] }, right)).toBe(0.25);
});

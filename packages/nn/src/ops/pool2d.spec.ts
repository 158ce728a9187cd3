import { grad, mul, ones, random, square, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { checkGradients, opSuite } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { geluCase } from "./gelu.case.ts";
import { avgPool2dCase, maxPool2dCase } from "./pool2d.case.ts";
import { avgPool2d, globalAvgPool2d, maxPool2d } from "./pool2d.ts";

const image = (...rows: number[][]): Tensor => tensor([[rows]], { dtype: "float64" });
// Far enough apart that finite differences never change which element is the largest.
const distinct = tensor(
  Float64Array.from(random(3).permutation(2 * 3 * 5 * 6), (n) => n / 10),
  { shape: [2, 3, 5, 6] },
);

describe("maxPool2d", () => {
  for (const { name, run } of opSuite(maxPool2dCase)) it(name, run);

  it("gives the gradient to the first of equal maxima", () => {
    const g = grad((x: Tensor) => sum(maxPool2d(x, { kernelSize: 2 })))(image([1, 3], [3, 3]));
    expect(g.toArray()).toEqual([
      [
        [
          [0, 1],
          [0, 0],
        ],
      ],
    ]);
  });

  it("adds up the gradients of windows that overlap", () => {
    const x = image([0, 0, 0], [0, 9, 0], [0, 0, 0]);
    const g = grad((t: Tensor) => sum(maxPool2d(t, { kernelSize: 2, stride: 1 })))(x);
    expect(g.toArray()).toEqual([
      [
        [
          [0, 0, 0],
          [0, 4, 0],
          [0, 0, 0],
        ],
      ],
    ]);
  });

  it("never chooses the padding", () => {
    const y = maxPool2d(image([-5, -7]), { kernelSize: 2, stride: 1, padding: 1 });
    expect(y.toArray()).toEqual([
      [
        [
          [-5, -5, -7],
          [-5, -5, -7],
        ],
      ],
    ]);
  });

  it("passes NaN on, wherever it lies in the window", () => {
    for (const row of [
      [NaN, 1],
      [1, NaN],
      [NaN, NaN],
    ]) {
      expect(maxPool2d(image(row, [2, 0]), { kernelSize: 2 }).item()).toBeNaN();
    }
  });

  it("has right derivatives of orders 1 to 3, also where it is chained with a curve", () => {
    const options = { kernelSize: [3, 2], stride: [2, 1], padding: 1 } as const;
    checkGradients((x) => maxPool2d(x, options), distinct, { order: 2 });
    checkGradients(
      (x) => {
        const y = maxPool2d(x, options);
        return mul(y, mul(y, y));
      },
      distinct,
      { order: 3 },
    );
  });

  it("refuses padding of more than half the kernel, and windows larger than the image", () => {
    const x = ones([1, 1, 4, 4]);
    expect(() => maxPool2d(x, { kernelSize: 2, padding: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[OptionError: maxPool2d: expected padding of at most half the kernel, got [2, 2].]`,
    );
    expect(() => maxPool2d(x, { kernelSize: 5 })).toThrow("expected an image that holds a 5 x 5");
    const gap = { kernelSize: 2, padding: 1, dilation: 3 };
    expect(() => maxPool2d(ones([1, 1, 2, 2]), gap)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: maxPool2d: expected a padded image no smaller than dilation, got [2, 2].]`,
    );
    expect(() => maxPool2d(x, {} as { kernelSize: number })).toThrow("maxPool2d kernelSize");
  });
});

describe("avgPool2d", () => {
  for (const { name, run } of opSuite(avgPool2dCase)) it(name, run);

  it("has right derivatives of orders 1 and 2", () => {
    for (const countIncludePad of [true, false]) {
      const options = { kernelSize: [3, 2], stride: [2, 1], padding: 1, countIncludePad } as const;
      checkGradients((x) => square(avgPool2d(mul(x, x), options)), distinct, { order: 2 });
    }
  });

  it("of constants is that constant if padding does not count", () => {
    const y = avgPool2d(ones([1, 1, 3, 3]), { kernelSize: 3, padding: 1, countIncludePad: false });
    expect(y.toArray()).toEqual([[[[1]]]]);
  });
});

describe("globalAvgPool2d", () => {
  it("is the mean of each plane", () => {
    const y = globalAvgPool2d(
      tensor([
        [
          [
            [1, 2],
            [3, 6],
          ],
          [
            [0, 0],
            [0, 4],
          ],
        ],
      ]),
    );
    expect(y.toArray()).toEqual([[3, 1]]);
  });

  it("refuses anything but images", () => {
    expect(() => globalAvgPool2d(ones([2, 3]))).toThrow("got [2, 3]");
  });
});

describe("gelu", () => {
  for (const { name, run } of opSuite(geluCase)) it(name, run);
});

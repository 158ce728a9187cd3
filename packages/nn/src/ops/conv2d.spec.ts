import { cast, ones, random, square, zeros } from "@evenkeel/autodiff";
import { checkGradients, expectClose, forAll, opSuite, tolerances } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { conv2dCase, draw, type Problem, problems, reference, slide } from "./conv2d.case.ts";
import { conv2d } from "./conv2d.ts";

describe("conv2d", () => {
  for (const { name, run } of opSuite(conv2dCase)) it(name, run);

  it("has right gradients where the gradient that comes in depends on x and w, too", () => {
    forAll(
      problems,
      (p) => {
        checkGradients(({ x, w }) => square(conv2d(x, w, slide(p))), draw(p), { order: 2 });
      },
      0.5,
    );
  });

  it("of no images is no images", () => {
    const y = conv2d(zeros([0, 2, 5, 5]), ones([3, 2, 3, 3]));
    expect(y.shape).toEqual([0, 3, 3, 3]);
  });

  it("has right derivatives of order 3", () => {
    const stream = random(5);
    const at = {
      x: stream.normal([2, 4, 5, 4], { dtype: "float64" }),
      w: stream.normal([6, 2, 3, 2], { dtype: "float64" }),
      bias: stream.normal([6], { dtype: "float64" }),
    };
    const options = { stride: [2, 1], padding: 1, groups: 2 } as const;
    // Squared, so that the gradient that comes in depends on x and w, too.
    checkGradients(({ x, w, bias }) => square(conv2d(x, w, { ...options, bias })), at, {
      order: 3,
    });
  });

  it("works through images that do not fit in one tile", () => {
    const p: Problem = {
      ...{ samples: 1, groups: 1, channels: 16, filters: 5, seed: 3 },
      ...{ image: [40, 30], kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1] },
    };
    const { x, w } = draw(p);
    expectClose("conv2d", conv2d(x, w, slide(p)), reference(x, w, p), tolerances.reference);
    const small = { x: cast(x, "float32"), w: cast(w, "float32") };
    const y = conv2d(small.x, small.w, slide(p));
    expect(y.dtype).toBe("float32");
    expectClose("float32", y, reference(x, w, p), tolerances.backends.cpu.output);
    checkGradients((at) => conv2d(at.x, at.w, slide(p)), { x, w });
  });

  it("says which shapes do not fit", () => {
    expect(() => conv2d(ones([1, 3, 8, 8]), ones([4, 2, 3, 3]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: expected weight of shape [filters, channels / 1, kernel height, kernel width], got [4, 2, 3, 3] for x of shape [1, 3, 8, 8]. Filters and channels are both multiples of groups.]`,
    );
    expect(() => conv2d(ones([3, 8, 8]), ones([4, 3, 3, 3]))).toThrow(
      "conv2d: expected x of shape [samples, channels, height, width], got [3, 8, 8].",
    );
    expect(() => conv2d(ones([1, 3, 2, 8]), ones([4, 3, 3, 3]))).toThrow(
      "expected an image that holds a 3 x 3 window, got [1, 3, 2, 8] with padding [0, 0]",
    );
    expect(() => conv2d(ones([1, 3, 8, 8]), ones([4, 3, 3, 3]), { bias: zeros([3]) })).toThrow(
      "conv2d: expected bias of shape [4], got [3].",
    );
  });

  it("refuses illegal options and suggests the nearest name", () => {
    const [x, w] = [ones([1, 3, 8, 8]), ones([4, 3, 3, 3])];
    expect(() => conv2d(x, w, { stride: 0 })).toThrow(
      "conv2d stride: expected a whole number >= 1",
    );
    expect(() => conv2d(x, w, { strides: 2 } as object)).toThrow("Did you mean stride?");
  });
});

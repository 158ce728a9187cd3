import { cast, ones, type Random, random, square, type Tensor, zeros } from "@evenkeel/autodiff";
import { checkGradients, expectClose, forAll, ndarray, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conv2d } from "./conv2d.ts";
import type { Two } from "./window.ts";

interface Problem {
  readonly samples: number;
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: Two;
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
  readonly seed: number;
}

const two = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const problems: fc.Arbitrary<Problem> = fc
  .record({
    samples: fc.integer({ min: 0, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 6 }),
    image: two(1, 9),
    kernel: two(1, 3),
    stride: two(1, 3),
    padding: two(0, 2),
    dilation: two(1, 2),
    seed: fc.integer(),
  })
  .filter(({ image, kernel, padding, dilation }) =>
    image.every((n, i) => n + 2 * padding[i]! > dilation[i]! * (kernel[i]! - 1)),
  );

function draw(p: Problem, stream: Random = random(p.seed)): { x: Tensor; w: Tensor } {
  const dtype = "float64";
  return {
    x: stream.normal([p.samples, p.channels * p.groups, ...p.image], { dtype }),
    w: stream.normal([p.filters * p.groups, p.channels, ...p.kernel], { dtype }),
  };
}

/** Seven loops, straight from the formula. */
function reference(
  x: Tensor,
  w: Tensor,
  p: Problem,
): { shape: readonly number[]; data: Float64Array } {
  const size = p.image.map(
    (n, i) =>
      Math.floor((n + 2 * p.padding[i]! - p.dilation[i]! * (p.kernel[i]! - 1) - 1) / p.stride[i]!) +
      1,
  ) as [number, number];
  const [o, c] = [w.shape[0]!, p.channels];
  const y = ndarray([p.samples, o, ...size]);
  const [h, width] = p.image;
  let at = 0;
  for (let n = 0; n < p.samples; n++)
    for (let f = 0; f < o; f++)
      for (let r = 0; r < size[0]; r++)
        for (let s = 0; s < size[1]; s++, at++)
          for (let k = 0; k < c; k++)
            for (let i = 0; i < p.kernel[0]; i++)
              for (let j = 0; j < p.kernel[1]; j++) {
                const iy = r * p.stride[0] - p.padding[0] + i * p.dilation[0];
                const ix = s * p.stride[1] - p.padding[1] + j * p.dilation[1];
                if (iy < 0 || iy >= h || ix < 0 || ix >= width) continue;
                const channel = Math.floor(f / p.filters) * c + k;
                y.data[at]! +=
                  x.data[((n * c * p.groups + channel) * h + iy) * width + ix]! *
                  w.data[((f * c + k) * p.kernel[0] + i) * p.kernel[1] + j]!;
              }
  return y;
}

describe("conv2d", () => {
  it("equals plain loops for any stride, padding, dilation and groups", () => {
    forAll(problems, (p) => {
      const { x, w } = draw(p);
      expectClose("conv2d", conv2d(x, w, slide(p)), reference(x, w, p), tolerances.reference);
    });
  });

  it("has right gradients for any stride, padding, dilation and groups", () => {
    const nonEmpty = problems.filter((p) => p.samples > 0);
    forAll(
      nonEmpty,
      (p) => {
        checkGradients(({ x, w }) => square(conv2d(x, w, slide(p))), draw(p), { order: 2 });
      },
      0.5,
    );
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

function slide(p: Problem): Pick<Problem, "stride" | "padding" | "dilation" | "groups"> {
  const { stride, padding, dilation, groups } = p;
  return { stride, padding, dilation, groups };
}

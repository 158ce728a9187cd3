import { type Random, random, type Tensor } from "@evenkeel/autodiff";
import { type NdArray, type NumbersLike, ndarray, type OpCase } from "@evenkeel/testkit";
import fc from "fast-check";
import { conv2d } from "./conv2d.ts";
import type { Two } from "./window.ts";

export interface Problem {
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
export const problems: fc.Arbitrary<Problem> = fc
  .record({
    samples: fc.integer({ min: 1, max: 3 }),
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

export function draw(p: Problem, stream: Random = random(p.seed)): { x: Tensor; w: Tensor } {
  const dtype = "float64";
  return {
    x: stream.normal([p.samples, p.channels * p.groups, ...p.image], { dtype }),
    w: stream.normal([p.filters * p.groups, p.channels, ...p.kernel], { dtype }),
  };
}

/** Seven loops, straight from the formula. */
export function reference(x: NumbersLike, w: NumbersLike, p: Problem): NdArray {
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

export function slide(p: Problem): Pick<Problem, "stride" | "padding" | "dilation" | "groups"> {
  const { stride, padding, dilation, groups } = p;
  return { stride, padding, dilation, groups };
}

export const conv2dCase: OpCase<Problem> = {
  name: "conv2d",
  call: ([x, w], p) => conv2d(x!, w!, slide(p)),
  samples: problems.map((p) => {
    const { x, w } = draw(p);
    return { inputs: [x, w], params: p };
  }),
  reference: ([x, w], p) => reference(x!, w!, p),
};

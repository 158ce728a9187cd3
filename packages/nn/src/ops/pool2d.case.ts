import { type NdArray, ndarray, type OpCase, tensors } from "@evenkeel/testkit";
import fc, { type Arbitrary } from "fast-check";
import { avgPool2d, maxPool2d } from "./pool2d.ts";
import type { Two } from "./window.ts";

interface Pool {
  readonly kernelSize: Two;
  readonly stride: Two;
  readonly padding: Two;
}

const two = (min: number, max: number): Arbitrary<Two> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Images whose elements lie apart, so that finite differences never change which is the largest. */
const samples: OpCase<Pool>["samples"] = fc
  .record({
    planes: two(1, 2),
    image: two(3, 7),
    params: fc.record({ kernelSize: two(2, 3), stride: two(1, 3), padding: two(0, 1) }),
  })
  .chain(({ planes, image, params }) =>
    tensors([...planes, ...image], { distinct: true }).map((x) => ({ inputs: [x], params })),
  );

/** Folds the elements under each window; those of the padding are left out. */
function windows(x: NdArray, p: Pool, fold: (values: readonly number[]) => number): NdArray {
  const [samples, channels, ...image] = x.shape as [number, number, number, number];
  const [h, w] = image;
  const size = (axis: 0 | 1): number =>
    Math.floor((image[axis] + 2 * p.padding[axis] - p.kernelSize[axis]) / p.stride[axis]) + 1;
  const out = ndarray([samples, channels, size(0), size(1)]);
  let place = 0;
  for (let plane = 0; plane < samples * channels; plane++)
    for (let r = 0; r < size(0); r++)
      for (let c = 0; c < size(1); c++, place++) {
        const values: number[] = [];
        for (let i = 0; i < p.kernelSize[0]; i++)
          for (let j = 0; j < p.kernelSize[1]; j++) {
            const [y, z] = [r * p.stride[0] - p.padding[0] + i, c * p.stride[1] - p.padding[1] + j];
            if (y >= 0 && y < h && z >= 0 && z < w) values.push(x.data[(plane * h + y) * w + z]!);
          }
        out.data[place] = fold(values);
      }
  return out;
}

export const maxPool2dCase: OpCase<Pool> = {
  name: "maxPool2d",
  call: ([x], params) => maxPool2d(x!, params),
  samples,
  reference: ([x], p) => windows(x!, p, (values) => Math.max(...values)),
};

export const avgPool2dCase: OpCase<Pool> = {
  name: "avgPool2d",
  call: ([x], params) => avgPool2d(x!, params),
  samples,
  reference: ([x], p) =>
    windows(
      x!,
      p,
      (values) => values.reduce((a, b) => a + b, 0) / (p.kernelSize[0] * p.kernelSize[1]),
    ),
};

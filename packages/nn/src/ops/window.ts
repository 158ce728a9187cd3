import { fail, type Shape, ShapeError, showShape } from "@evenkeel/autodiff";

/** A number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];
export type Two = readonly [number, number];

/** How a window slides over the last two axes. */
export interface Window {
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

/** Both numbers of a pair. */
export function toPair(value: Pair): Two {
  return typeof value === "number" ? [value, value] : value;
}

/** Windows along both axes: floor((n + 2·padding − dilation·(kernel − 1) − 1) / stride) + 1. */
export function outputSize(
  where: string,
  x: Shape,
  kernel: Two,
  { stride, padding, dilation }: Window,
): Two {
  if (x.length !== 4) {
    fail(
      { where, expected: "x of shape [samples, channels, height, width]", got: showShape(x) },
      ShapeError,
    );
  }
  const along = (i: 0 | 1): number => {
    const span = dilation[i] * (kernel[i] - 1) + 1;
    return Math.floor((x[i + 2]! + 2 * padding[i] - span) / stride[i]) + 1;
  };
  const size: Two = [along(0), along(1)];
  if (size[0] >= 1 && size[1] >= 1) return size;
  return fail(
    {
      where,
      expected: `an image that holds a ${kernel[0]} x ${kernel[1]} window`,
      got: `${showShape(x)} with padding ${showShape(padding)}, dilation ${showShape(dilation)}`,
      hint: "Make the padding larger, or pool less before.",
    },
    ShapeError,
  );
}

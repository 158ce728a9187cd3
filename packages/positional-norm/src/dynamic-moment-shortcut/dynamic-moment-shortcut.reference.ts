import type { NdArray } from "@evenkeel/testkit";

/**
 * y = γ·x + β with (β, γ) = the halves of W·(mean, std) at each position: the shortcut with a 1×1
 * convolution of weight [2C, 2] for a network.
 */
export function dynamicMomentShortcutReference([x, mean, std, w]: readonly NdArray[]): NdArray {
  const [, channels] = x!.shape as [number, number];
  const space = x!.data.length / (x!.shape[0]! * channels);
  const output = x!.data.map((v, i) => {
    const position = Math.floor(i / (channels * space)) * space + (i % space);
    const c = Math.floor(i / space) % channels;
    const predicted = (row: number): number =>
      w!.data[row * 2]! * mean!.data[position]! + w!.data[row * 2 + 1]! * std!.data[position]!;
    return predicted(channels + c) * v + predicted(c);
  });
  return { shape: x!.shape, data: output };
}

import type { NdArray } from "@evenkeel/testkit";

/** Li et al., equation 3, on [N, C, …space]: y = γ·x + β with one γ and β per position. */
export function momentShortcutReference([x, mean, std]: readonly NdArray[]): NdArray {
  const [, channels] = x!.shape as [number, number];
  const space = x!.data.length / (x!.shape[0]! * channels);
  const output = x!.data.map((v, i) => {
    const position = Math.floor(i / (channels * space)) * space + (i % space);
    return v * std!.data[position]! + mean!.data[position]!;
  });
  return { shape: x!.shape, data: output };
}

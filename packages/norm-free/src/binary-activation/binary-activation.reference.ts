import type { NdArray } from "@evenkeel/testkit";

/** sign(x), number by number. */
export function binaryActivationReference({ shape, data }: NdArray): NdArray {
  return { shape, data: data.map(Math.sign) };
}

/** The authors' four pieces: 0 below −1, 2 + 2x to 0, 2 − 2x to 1, 0 from there. */
export function binaryActivationGradient(x: NdArray, g: NdArray): NdArray {
  const slope = (v: number): number => {
    if (v < -1 || v >= 1) return 0;
    return v < 0 ? 2 + 2 * v : 2 - 2 * v;
  };
  return { shape: x.shape, data: x.data.map((v, i) => slope(v) * g.data[i]!) };
}

/** x + shift, slope times it below 0, + lift, on [N, C, …space]. */
export function rpreluReference([x, shift, slope, lift]: readonly NdArray[]): NdArray {
  const { shape, data } = x!;
  const channels = shape[1]!;
  const space = data.length / shape[0]! / channels;
  const output = data.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const u = v + shift!.data[c]!;
    return (u > 0 ? u : slope!.data[c]! * u) + lift!.data[c]!;
  });
  return { shape, data: output };
}

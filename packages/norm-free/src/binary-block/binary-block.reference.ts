import type { NdArray } from "@evenkeel/testkit";

/** The constants of a block, all of them. */
export interface BlockConstants {
  readonly alpha: number;
  readonly beta: number;
}

/**
 * A block with 1×1 filters, by numbers: inputs x [N, C, …space], shift, weight [C, C, 1, 1], gain, and the three of
 * the RPReLU.
 */
export function binaryBlockReference(inputs: readonly NdArray[], o: BlockConstants): NdArray {
  const [x, shift, weight, gain, before, slope, after] = inputs as [
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
  ];
  const channels = x.shape[1]!;
  const space = x.data.length / x.shape[0]! / channels;
  const binary = binaryFilters(weight.data, channels);
  const output = x.data.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const sample = Math.floor(i / space / channels);
    let h = 0;
    for (let k = 0; k < channels; k++) {
      const input = x.data[(sample * channels + k) * space + (i % space)]!;
      h += gain.data[c]! * binary[c * channels + k]! * Math.sign(o.beta * input + shift.data[k]!);
    }
    const u = o.alpha * h + v + before.data[c]!;
    return (u > 0 ? u : slope.data[c]! * u) + after.data[c]!;
  });
  return { shape: x.shape, data: output };
}

/** mean(|Ws|)·sign(Ws) of standardized rows, with eps 1e-5. */
function binaryFilters(weight: Float64Array, size: number): Float64Array {
  const output = new Float64Array(weight.length);
  for (let start = 0; start < weight.length; start += size) {
    const row = weight.subarray(start, start + size);
    const mean = row.reduce((sum, w) => sum + w / size, 0);
    const std = Math.sqrt(row.reduce((sum, w) => sum + (w - mean) ** 2 / size, 0));
    const standard = row.map((w) => (w - mean) / (std + 1e-5) / Math.sqrt(size));
    const scale = standard.reduce((sum, w) => sum + Math.abs(w) / size, 0);
    standard.forEach((w, i) => {
      output[start + i] = scale * Math.sign(w);
    });
  }
  return output;
}

import type { NdArray } from "@evenkeel/testkit";
import type { ScaledWeightStandardizationOptions } from "./scaled-weight-standardization.ts";

/** Brock et al., equation 7, with the learned gain, in plain loops. */
export function scaledWeightStandardizationReference(
  { shape, data }: NdArray,
  gain: NdArray | undefined,
  { gamma = 1, eps = 1e-5 }: ScaledWeightStandardizationOptions,
): NdArray {
  const size = data.length / shape[0]!;
  const output = new Float64Array(data.length);
  for (let o = 0; o < shape[0]!; o++) {
    let mean = 0;
    let variance = 0;
    for (let i = o * size; i < (o + 1) * size; i++) mean += data[i]! / size;
    for (let i = o * size; i < (o + 1) * size; i++) variance += (data[i]! - mean) ** 2 / size;
    const scale = ((gain?.data[o] ?? 1) * gamma) / Math.sqrt(size) / (Math.sqrt(variance) + eps);
    for (let i = o * size; i < (o + 1) * size; i++) output[i] = scale * (data[i]! - mean);
  }
  return { shape, data: output };
}

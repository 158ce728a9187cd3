import type { NdArray } from "@evenkeel/testkit";
import type { WeightStandardizationOptions } from "./weight-standardization.ts";

/** The authors' layer, or the form of timm, in plain loops. */
export function weightStandardizationReference(
  { shape, data }: NdArray,
  { eps = 1e-5, unbiased = true, epsOutside = true }: WeightStandardizationOptions,
): NdArray {
  const size = data.length / shape[0]!;
  const output = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    let mean = 0;
    let squares = 0;
    for (let i = start; i < start + size; i++) mean += data[i]! / size;
    for (let i = start; i < start + size; i++) squares += (data[i]! - mean) ** 2;
    const variance = squares / (unbiased ? size - 1 : size);
    const divisor = epsOutside ? Math.sqrt(variance) + eps : Math.sqrt(variance + eps);
    for (let i = start; i < start + size; i++) output[i] = (data[i]! - mean) / divisor;
  }
  return { shape, data: output };
}

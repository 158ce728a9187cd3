import type { NdArray } from "@evenkeel/testkit";
import type { AdaptiveGradientClipOptions } from "./adaptive-gradient-clip.ts";

/** Brock et al., equation 3, in plain loops; units are rows, or the whole of a vector. */
export function adaptiveGradientClipReference(
  weight: NdArray,
  grad: NdArray,
  { clipFactor = 0.02, eps = 1e-3 }: AdaptiveGradientClipOptions,
): NdArray {
  const { shape, data } = grad;
  const size = shape.length < 2 ? data.length : data.length / shape[0]!;
  const output = data.slice();
  for (let start = 0; start < data.length; start += size) {
    let weights = 0;
    let gradients = 0;
    for (let i = start; i < start + size; i++) {
      weights += weight.data[i]! ** 2;
      gradients += data[i]! ** 2;
    }
    const bound = clipFactor * Math.max(Math.sqrt(weights), eps);
    const norm = Math.sqrt(gradients);
    if (norm < bound) continue;
    for (let i = start; i < start + size; i++)
      output[i] = (data[i]! * bound) / Math.max(norm, 1e-6);
  }
  return { shape, data: output };
}

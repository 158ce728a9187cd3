import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { LayerNormOptions } from "./layer-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Ba, Kiros and Hinton, equations 3 and 4, over the trailing axes, in float64. */
export function layerNormReference({
  x,
  params,
  state,
  options,
}: NormCall<LayerNormOptions>): Result {
  const { normalizedShape, eps = 1e-5 } = options;
  const size = [normalizedShape].flat().reduce((product, n) => product * n, 1);
  const output = new Float64Array(x.data.length);
  for (let start = 0; start < output.length; start += size) {
    let mean = 0;
    let variance = 0;
    for (let i = start; i < start + size; i++) mean += x.data[i]! / size;
    for (let i = start; i < start + size; i++) variance += (x.data[i]! - mean) ** 2 / size;
    for (let i = 0; i < size; i++) {
      const standard = (x.data[start + i]! - mean) / Math.sqrt(variance + eps);
      output[start + i] =
        standard * (params["weight"]?.data[i] ?? 1) + (params["bias"]?.data[i] ?? 0);
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

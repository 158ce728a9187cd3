import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { GroupNormOptions } from "./group-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Wu and He, equations 1 to 4 and 7, on [N, C, …space] in float64. */
export function groupNormReference({
  x,
  params,
  state,
  options,
}: NormCall<GroupNormOptions>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { numGroups, eps = 1e-5 } = options;
  const size = (channels / numGroups) * space;
  const output = new Float64Array(x.data.length);
  for (let start = 0; start < output.length; start += size) {
    let mean = 0;
    let variance = 0;
    for (let i = start; i < start + size; i++) mean += x.data[i]! / size;
    for (let i = start; i < start + size; i++) variance += (x.data[i]! - mean) ** 2 / size;
    for (let i = start; i < start + size; i++) {
      const c = Math.floor(i / space) % channels;
      const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

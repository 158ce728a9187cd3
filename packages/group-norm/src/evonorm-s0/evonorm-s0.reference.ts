import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { EvonormS0Options } from "./evonorm-s0.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Liu and others, on [N, C, …space] in float64. */
export function evonormS0Reference({
  x,
  params,
  state,
  options,
}: NormCall<EvonormS0Options>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5 } = options;
  let groups = Math.min(options.numGroups ?? 32, channels);
  while (channels % groups !== 0) groups--;
  const size = (channels / groups) * space;
  const { weight, bias, v } = params;
  const output = new Float64Array(x.data.length);
  for (let start = 0; start < output.length; start += size) {
    let mean = 0;
    let variance = 0;
    for (let i = start; i < start + size; i++) mean += x.data[i]! / size;
    for (let i = start; i < start + size; i++) variance += (x.data[i]! - mean) ** 2 / size;
    for (let i = start; i < start + size; i++) {
      const c = Math.floor(i / space) % channels;
      const u = x.data[i]!;
      const activated = v ? u / (1 + Math.exp(-v.data[c]! * u)) / Math.sqrt(variance + eps) : u;
      output[i] = activated * weight!.data[c]! + bias!.data[c]!;
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { PositionalNormOptions } from "./positional-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Li et al., equations 1 and 2, on [N, C, …space] in float64, with the divisor C or C − 1. */
export function positionalNormReference({
  x,
  params,
  state,
  options,
}: NormCall<PositionalNormOptions>): Result {
  const { eps = 1e-5, unbiased = true } = options;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const output = new Float64Array(x.data.length);
  for (let n = 0; n < samples; n++) {
    for (let p = 0; p < space; p++) {
      const at = (c: number): number => (n * channels + c) * space + p;
      let mean = 0;
      let squares = 0;
      for (let c = 0; c < channels; c++) mean += x.data[at(c)]! / channels;
      for (let c = 0; c < channels; c++) squares += (x.data[at(c)]! - mean) ** 2;
      const sigma = Math.sqrt(squares / (unbiased ? channels - 1 : channels) + eps);
      const [weight, bias] = [params["weight"]?.data[p] ?? 1, params["bias"]?.data[p] ?? 0];
      for (let c = 0; c < channels; c++) {
        output[at(c)] = ((x.data[at(c)]! - mean) / sigma) * weight + bias;
      }
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

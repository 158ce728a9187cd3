import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { FilterResponseNormOptions } from "./filter-response-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Singh and Krishnan, norm and threshold, on [N, C, …space] in float64. */
export function filterResponseNormReference({
  x,
  params,
  state,
  options,
}: NormCall<FilterResponseNormOptions>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-6 } = options;
  const { weight, bias, tau, epsLearned } = params;
  const output = new Float64Array(x.data.length);
  for (let plane = 0; plane < samples * channels; plane++) {
    const c = plane % channels;
    const start = plane * space;
    let meanSquare = 0;
    for (let i = start; i < start + space; i++) meanSquare += x.data[i]! ** 2 / space;
    const root = Math.sqrt(meanSquare + eps + Math.abs(epsLearned?.data[c] ?? 0));
    for (let i = start; i < start + space; i++) {
      const y = (weight!.data[c]! * x.data[i]!) / root + bias!.data[c]!;
      output[i] = tau ? Math.max(y, tau.data[c]!) : y;
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { SandwichAdainCondition, SandwichAdainOptions } from "./sandwich-adain.ts";

type Call = NormCall<SandwichAdainOptions, SandwichAdainCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Gong and others' equation for style transfer on [N, C, …space] in float64. */
export function sandwichAdainReference({ x, params, state, options, condition }: Call): Result {
  const { eps = 1e-5 } = options;
  const [samples, channels] = x.shape as [number, number];
  const planes = samples * channels;
  const space = x.data.length / planes;
  const output = new Float64Array(x.data.length);
  for (let plane = 0; plane < planes; plane++) {
    const content = statistics(x, plane, planes, eps);
    const style = statistics(condition!.style, plane, planes, eps);
    const c = plane % channels;
    for (let i = plane * space; i < (plane + 1) * space; i++) {
      const standard = (x.data[i]! - content.mean) / content.deviation;
      const shared = params["sharedWeight"]!.data[c]! * standard + params["sharedBias"]!.data[c]!;
      output[i] = style.deviation * shared + style.mean;
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

function statistics(
  { data }: NdArray,
  plane: number,
  planes: number,
  eps: number,
): { readonly mean: number; readonly deviation: number } {
  const space = data.length / planes;
  const values = data.subarray(plane * space, (plane + 1) * space);
  let mean = 0;
  let squares = 0;
  for (const v of values) mean += v / space;
  for (const v of values) squares += (v - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / (space - 1) + eps) };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { Result } from "../rows.reference.ts";
import type { AdainOptions, StyleCondition } from "./adain.ts";

/** Mean and variance of one plane. */
function momentsOf({ shape, data }: NdArray, plane: number, unbiased: boolean): [number, number] {
  const space = data.length / (shape[0]! * shape[1]!);
  const own = data.subarray(plane * space, (plane + 1) * space);
  const mean = own.reduce((sum, v) => sum + v, 0) / space;
  const squares = own.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return [mean, squares / (unbiased ? space - 1 : space)];
}

/** Huang and Belongie, equation 8, blended as in equation 14, in float64 loops. */
export function adainReference(call: NormCall<AdainOptions, StyleCondition>): Result {
  const { x, state, condition, options } = call;
  const { eps = 1e-5, alpha = 1, unbiased = true, styleEps = true } = options;
  const planes = x.shape[0]! * x.shape[1]!;
  const space = x.data.length / planes;
  const output = new Float64Array(x.data.length);
  for (let plane = 0; plane < planes; plane++) {
    const [mean, variance] = momentsOf(x, plane, unbiased);
    const [styleMean, styleVariance] = momentsOf(condition!.style, plane, unbiased);
    const deviation = Math.sqrt(styleVariance + (styleEps ? eps : 0));
    for (let i = plane * space; i < (plane + 1) * space; i++) {
      const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
      output[i] = alpha * (deviation * standard + styleMean) + (1 - alpha) * x.data[i]!;
    }
  }
  return { output: { shape: x.shape, data: output }, state };
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import { batchReference, positionsOf, statisticsOf } from "../batch.reference.ts";
import type { ContinualNormOptions } from "./continual-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Pham, Liu and Hoi: group norm in plain loops, then batch norm in plain loops. */
export function continualNormReference(call: NormCall<ContinualNormOptions>): Result {
  const { x, options } = call;
  const { numGroups = 32, eps = 1e-5 } = options;
  const [samples, channels] = x.shape as [number, number];
  const width = channels / numGroups;
  const standard = new Float64Array(x.data.length);
  for (let n = 0; n < samples; n++) {
    for (let group = 0; group < numGroups; group++) {
      const members = Array.from({ length: width }, (_, k) => group * width + k);
      const at = members.flatMap((c) => positionsOf(x.shape, c, [n]));
      const { mean, variance } = statisticsOf(
        at.map((i) => x.data[i]!),
        options,
      );
      for (const i of at) standard[i] = (x.data[i]! - mean) / Math.sqrt(variance + eps);
    }
  }
  return batchReference({ ...call, x: { shape: x.shape, data: standard } });
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { NewNormOptions } from "./new-norm.ts";

type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Write me: whose equations, on [N, C, …space], in plain float64 loops. */
export function newNormReference({ x }: NormCall<NewNormOptions>): Result {
  const shape = x.shape.join(", ");
  throw new Error(`Write me: new-norm.reference.ts says what newNorm makes of x [${shape}].`);
}

import type { NdArray, NormCall } from "@evenkeel/testkit";
import { batchReference } from "../batch.reference.ts";
import type {
  ClassBalancedBatchNormCondition,
  ClassBalancedBatchNormOptions,
} from "./class-balanced-batch-norm.ts";

type Call = NormCall<ClassBalancedBatchNormOptions, ClassBalancedBatchNormCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Batch norm; its statistics move with a balanced batch only. */
export function classBalancedBatchNormReference(call: Call): Result {
  const found = batchReference(call);
  return call.condition?.balanced ? found : { ...found, state: call.state };
}

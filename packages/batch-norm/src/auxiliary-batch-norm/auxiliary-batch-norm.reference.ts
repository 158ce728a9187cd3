import type { NdArray, NormCall } from "@evenkeel/testkit";
import { branchReference } from "../branch.reference.ts";
import type {
  AuxiliaryBatchNormCondition,
  AuxiliaryBatchNormOptions,
} from "./auxiliary-batch-norm.ts";

type Call = NormCall<AuxiliaryBatchNormOptions, AuxiliaryBatchNormCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Xie and others: the batch norm that the branch names, and no other. */
export function auxiliaryBatchNormReference(call: Call): Result {
  return branchReference(call, call.condition!.branch);
}

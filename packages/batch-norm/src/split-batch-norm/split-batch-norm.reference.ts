import type { NdArray, NormCall } from "@evenkeel/testkit";
import { branchReference } from "../branch.reference.ts";
import type { SplitBatchNormCondition, SplitBatchNormOptions } from "./split-batch-norm.ts";

type Call = NormCall<SplitBatchNormOptions, SplitBatchNormCondition>;
type Result = { readonly output: NdArray; readonly state: Readonly<Record<string, NdArray>> };

/** Xie and others: one part after the other, each through the batch norm of its place. */
export function splitBatchNormReference(call: Call): Result {
  const { x, state, mode, options, condition } = call;
  const branch = condition?.branch ?? (mode.statistics === "running" ? 0 : undefined);
  if (branch !== undefined) return branchReference(call, branch);
  const { numSplits = 2 } = options;
  const shape = [x.shape[0]! / numSplits, ...x.shape.slice(1)];
  const size = x.data.length / numSplits;
  const output = new Float64Array(x.data.length);
  let next = state;
  for (let part = 0; part < numSplits; part++) {
    const own = { shape, data: x.data.slice(part * size, (part + 1) * size) };
    const found = branchReference({ ...call, x: own, state: next }, part);
    output.set(found.output.data, part * size);
    next = found.state;
  }
  return { output: { shape: x.shape, data: output }, state: next };
}

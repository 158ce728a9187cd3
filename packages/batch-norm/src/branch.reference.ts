import type { Mode } from "@evenkeel/norm-core";
import type { NdArray } from "@evenkeel/testkit";
import { batchNormReference } from "./batch-norm/batch-norm.reference.ts";
import type { BatchNormOptions } from "./batch-norm/batch-norm.ts";

type Arrays = Readonly<Record<string, NdArray>>;

/** A call of one of several batch norms, whose entries lie along the first axis of params and state. */
export interface BranchCall {
  readonly x: NdArray;
  readonly params: Arrays;
  readonly state: Arrays;
  readonly mode: Mode;
  readonly options: BatchNormOptions;
}

/** Plain batch norm on one branch's rows; its next statistics take their place among the others'. */
export function branchReference(
  { x, params, state, mode, options }: BranchCall,
  branch: number,
): { readonly output: NdArray; readonly state: Arrays } {
  const rows = (arrays: Arrays): Arrays =>
    mapArrays(arrays, ({ shape, data }) => {
      const size = data.length / shape[0]!;
      return { shape: shape.slice(1), data: data.slice(branch * size, (branch + 1) * size) };
    });
  const call = { x, params: rows(params), state: rows(state), mode, options };
  const { output, state: own } = batchNormReference({ ...call, condition: undefined });
  const next = mapArrays(state, ({ shape, data }, name) => {
    const all = data.slice();
    all.set(own[name]!.data, (branch * data.length) / shape[0]!);
    return { shape, data: all };
  });
  return { output, state: next };
}

function mapArrays(arrays: Arrays, f: (array: NdArray, name: string) => NdArray): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, f(a, name)]));
}

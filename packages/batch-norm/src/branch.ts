import type { DType, Tensor } from "@evenkeel/autodiff";
import {
  type Activation,
  type Applied,
  affineOf,
  applyBranch,
  type BatchOptions,
  branchRow,
  type Initial,
  initAffine,
  initBranches,
  type Mode,
  normalizeBatch,
  type Tensors,
} from "@evenkeel/norm-core";

/** Parameters and statistics of `rows` complete batch norms. */
export function initBatchNorms(
  rows: number,
  {
    numFeatures,
    affine,
    trackRunningStats,
  }: {
    readonly numFeatures: number;
    readonly affine: boolean;
    readonly trackRunningStats: boolean;
  },
  dtype: DType,
): Initial {
  return {
    params: initAffine([rows, numFeatures], dtype, { affine }),
    state: trackRunningStats ? initBranches(rows, numFeatures, dtype) : {},
  };
}

/** Batch norm of the whole batch by one of them. */
export function batchNormBranch(
  where: string,
  x: Tensor,
  { params, state }: Initial,
  options: Required<BatchOptions>,
  {
    branch,
    mode,
    activation,
  }: { readonly branch: number; readonly mode: Mode; readonly activation: Activation | undefined },
): Applied {
  const affine = Object.entries(affineOf(params)).map(([name, t]) => [name, branchRow(t, branch)]);
  const inputs: Tensors = Object.fromEntries(affine);
  return applyBranch(where, state, { branch, mode }, (own) =>
    normalizeBatch(where, x, inputs, { state: own, options, mode, activation }),
  );
}

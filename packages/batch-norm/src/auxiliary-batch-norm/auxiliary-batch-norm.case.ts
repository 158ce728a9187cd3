import { grad, square, sum, type Tensor } from "@evenkeel/autodiff";
import { type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import {
  acceptsBatch,
  branchRejections,
  everyMode,
  expectUntouched,
  trainedBranches,
} from "../branch.case.ts";
import { auxiliaryBatchNormReference } from "./auxiliary-batch-norm.reference.ts";
import {
  type AuxiliaryBatchNormCondition,
  type AuxiliaryBatchNormOptions,
  auxiliaryBatchNorm,
} from "./auxiliary-batch-norm.ts";

/** What auxiliary batch norm promises, as data for `normSuite`. */
export const auxiliaryBatchNormCase: NormCase<
  AuxiliaryBatchNormOptions,
  AuxiliaryBatchNormCondition
> = {
  norm: auxiliaryBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, numBranches: 1, affine: false },
    { numFeatures, numBranches: 3, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, numBranches: 3, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: auxiliaryBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedBranches,
  condition: (stream, _shape, { numBranches = 2 }) => ({ branch: stream.integer(numBranches) }),
  reducesTo: [
    {
      name: "batch norm with one branch",
      options: (options) => (options.numBranches === 1 ? options : undefined),
      equals: (call) => batchNormReference({ ...call, condition: undefined }).output,
    },
  ],
  laws: [
    {
      name: "a batch touches no other branch: neither its statistics nor its gradients",
      modes: [training],
      holds({ bound, x, params, state, condition }) {
        const { branch } = condition!;
        const apply = (p: Tensors): { output: Tensor; state: Tensors } =>
          bound.apply(x, p, state, { condition });
        expectUntouched(apply(params).state, state, (b) => b === branch);
        const gradients = grad((p: Tensors) => sum(square(apply(p).output)))(params);
        for (const [name, g] of Object.entries(gradients)) {
          g.data.forEach((v, i) => {
            if (v === 0 || Math.floor((i * g.shape[0]!) / g.size) === branch) return;
            throw new Error(`${name} of another branch has gradient ${v}`);
          });
        }
      },
    },
  ],
  rejects: [
    ...branchRejections<AuxiliaryBatchNormOptions, AuxiliaryBatchNormCondition>(
      "auxiliaryBatchNorm",
    ),
    {
      name: "no condition",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message:
        "auxiliaryBatchNorm branch: expected a whole number from 0 to 1, got none. Pass it in the condition.",
    },
  ],
  golden: [
    {
      method: "aux-batch-norm",
      options: (config) => config as unknown as AuxiliaryBatchNormOptions,
      condition: ({ inputs }) => ({ branch: inputs["branch"]!.item() }),
    },
  ],
};

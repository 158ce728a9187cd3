import { evaluation, training } from "@evenkeel/norm-core";
import type { NdArray, NormCase, NormSample } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  everyMode,
  trainedBranches,
  withoutRows,
} from "../sandwich.case.ts";
import { standardize } from "../sandwich.reference.ts";
import { sandwichAuxBatchNormReference } from "./sandwich-aux-batch-norm.reference.ts";
import {
  type SandwichAuxBatchNormCondition,
  type SandwichAuxBatchNormOptions,
  sandwichAuxBatchNorm,
} from "./sandwich-aux-batch-norm.ts";

type Sample = NormSample<SandwichAuxBatchNormOptions, SandwichAuxBatchNormCondition>;

/** What sandwich auxiliary batch norm promises, as data for `normSuite`. */
export const sandwichAuxBatchNormCase: NormCase<
  SandwichAuxBatchNormOptions,
  SandwichAuxBatchNormCondition
> = {
  norm: sandwichAuxBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, numBranches: 1, momentum: null },
    { numFeatures, numBranches: 3, trackRunningStats: false, sharedGammaStd: 0, gammaStd: 0 },
    { numFeatures, numBranches: 3, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: sandwichAuxBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedBranches,
  condition: (stream, _shape, { numBranches = 2 }) => ({ branch: stream.integer(numBranches) }),
  reducesTo: [
    {
      name: "batch norm of the branch with the shared affine where all rows are 1 and 0",
      params: withoutRows,
      equals(call): NdArray {
        const { x, params } = call;
        const space = x.shape.slice(2).reduce((product, n) => product * n, 1);
        const { standard } = standardize(call, call.condition!.branch);
        return {
          shape: x.shape,
          data: standard.map((v, i) => {
            const c = Math.floor(i / space) % x.shape[1]!;
            return params["sharedGamma"]!.data[c]! * v + params["sharedBeta"]!.data[c]!;
          }),
        };
      },
    },
  ],
  laws: [
    {
      name: "a batch leaves the statistics of other branches alone, to the bit",
      modes: [training],
      holds({ bound, options, x, params, state, condition }) {
        const next = bound.apply(x, params, state, { condition }).state;
        const rows = options.numBranches ?? 2;
        for (const [name, t] of Object.entries(next)) {
          const before = state[name]!.data;
          t.data.forEach((v, i) => {
            const own = Math.floor((i * rows) / t.size) === condition!.branch;
            if (own || Object.is(v, before[i])) return;
            throw new Error(`${name} of another branch went from ${before[i]} to ${v}`);
          });
        }
      },
    },
  ],
  rejects: [
    ...batchRejections<SandwichAuxBatchNormOptions, SandwichAuxBatchNormCondition>(
      "sandwichAuxBatchNorm",
      { branch: 1 },
    ),
    {
      name: "no condition",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message:
        "sandwichAuxBatchNorm branch: expected a whole number from 0 to 1, got none. Pass it in the condition.",
    },
    ...[-1, 2, 0.5].map((branch) => ({
      name: `branch ${branch}`,
      run: ({ bound, x, params, state }: Sample) =>
        bound.apply(x, params, state, { condition: { branch } }),
      message: `sandwichAuxBatchNorm branch: expected a whole number from 0 to 1, got ${branch}. Pass it in the condition.`,
    })),
    {
      name: "evaluation by a branch that has never been trained",
      run({ bound, x, params }) {
        const fresh = bound.init({ dtype: "float64" }).state;
        const clean = bound.apply(x, params, fresh, { condition: { branch: 0 } }).state;
        bound.apply(x, params, clean, { mode: evaluation, condition: { branch: 1 } });
      },
      message:
        "sandwichAuxBatchNorm: expected running statistics of branch 1, got a branch that has never been trained. Train on it first, or evaluate by another branch.",
    },
  ],
  golden: [
    {
      method: "sandwich-aux-batch-norm",
      options: (config) => config as unknown as SandwichAuxBatchNormOptions,
      condition: ({ inputs }) => ({ branch: inputs["branch"]!.item() }),
    },
  ],
};

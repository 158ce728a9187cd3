import { evaluation } from "@evenkeel/norm-core";
import type { NormCase, NormSample } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  everyMode,
  expectNear,
  trainedBranches,
} from "../sandwich.case.ts";
import { sandwichAuxBatchNorm } from "../sandwich-aux-batch-norm/sandwich-aux-batch-norm.ts";
import { sandwichBatchNormNasReference } from "./sandwich-batch-norm-nas.reference.ts";
import {
  type SandwichBatchNormNasCondition,
  type SandwichBatchNormNasOptions,
  sandwichBatchNormNas,
} from "./sandwich-batch-norm-nas.ts";

type Sample = NormSample<SandwichBatchNormNasOptions, SandwichBatchNormNasCondition>;

/** What the NAS form of sandwich batch norm promises, as data for `normSuite`. */
export const sandwichBatchNormNasCase: NormCase<
  SandwichBatchNormNasOptions,
  SandwichBatchNormNasCondition
> = {
  norm: sandwichBatchNormNas,
  options: (numFeatures) => [
    { numFeatures, numPrevOps: 2, numPrevNodes: 2 },
    { numFeatures, numPrevOps: 5, numPrevNodes: 0, momentum: null },
    { numFeatures, numPrevOps: 3, numPrevNodes: 1, trackRunningStats: false, sharedGammaStd: 0 },
    { numFeatures, numPrevOps: 3, numPrevNodes: 2, eps: 1e-3, momentum: null },
  ],
  reference: sandwichBatchNormNasReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedBranches,
  condition: (stream, _shape, { numPrevOps, numPrevNodes }) => ({
    prevOps: Array.from({ length: numPrevNodes }, () => stream.integer(numPrevOps)),
  }),
  // As many operations as samples would be taken for one per sample.
  conditionRows: (condition) => condition,
  laws: [
    {
      name: "the choice names a branch, its first operation counting least",
      holds({ bound, options, mode, x, params, state, condition }) {
        const { numPrevOps, numPrevNodes, ...rest } = options;
        const numBranches = numPrevOps ** numPrevNodes;
        let branch = 0;
        condition!.prevOps.forEach((id, i) => {
          branch += numPrevOps ** i * id;
        });
        const aux = sandwichAuxBatchNorm({ ...rest, numBranches });
        const expected = aux.apply(x, params, state, { mode, condition: { branch } });
        const got = bound.apply(x, params, state, { mode, condition });
        expectNear(got.output.data, expected.output.data);
        for (const [name, t] of Object.entries(expected.state)) {
          expectNear(got.state[name]!.data, t.data);
        }
      },
    },
  ],
  rejects: [
    ...batchRejections<SandwichBatchNormNasOptions, SandwichBatchNormNasCondition>(
      "sandwichBatchNormNas",
      { prevOps: [1, 0] },
    ),
    {
      name: "no condition",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message:
        "sandwichBatchNormNas prevOps: expected 2 whole numbers from 0 to 1, got none. Pass them in the condition.",
    },
    ...[[0, 2], [-1, 0], [0.5, 0], [1]].map((prevOps) => ({
      name: `operations [${prevOps}]`,
      run: ({ bound, x, params, state }: Sample) =>
        bound.apply(x, params, state, { condition: { prevOps } }),
      message: `sandwichBatchNormNas prevOps: expected 2 whole numbers from 0 to 1, got [${prevOps}]. Pass them in the condition.`,
    })),
    {
      name: "a search space that is too large",
      run: () => sandwichBatchNormNas({ numFeatures: 3, numPrevOps: 8, numPrevNodes: 6 }),
      message:
        "sandwichBatchNormNas: expected numPrevOps^numPrevNodes of at most 65536, got 8^6. Each choice needs a row of its own; search over fewer operations or nodes.",
    },
    {
      name: "a fraction of a node",
      run: () => sandwichBatchNormNas({ numFeatures: 3, numPrevOps: 8, numPrevNodes: 0.5 }),
      message: "sandwichBatchNormNas numPrevNodes: expected a whole number >= 0, got 0.5.",
    },
    {
      name: "evaluation by a choice that has never been trained",
      run({ bound, x, params }) {
        const { state } = bound.init({ dtype: "float64" });
        bound.apply(x, params, state, { mode: evaluation, condition: { prevOps: [1, 1] } });
      },
      message:
        "sandwichBatchNormNas: expected running statistics of branch 3, got a branch that has never been trained. Train on it first, or evaluate by another branch.",
    },
  ],
  golden: [
    {
      method: "sandwich-batch-norm-nas",
      // The file's ccbn case is the class-conditional baseline, with one set of statistics.
      options: ({ variant, numFeatures, numPrevOps, numPrevNodes, eps, momentum }) =>
        variant === "sabn"
          ? ({
              numFeatures,
              numPrevOps,
              numPrevNodes,
              eps,
              momentum,
            } as SandwichBatchNormNasOptions)
          : undefined,
      condition: ({ config }) => ({ prevOps: config["prevOpIdxs"] as readonly number[] }),
    },
  ],
};

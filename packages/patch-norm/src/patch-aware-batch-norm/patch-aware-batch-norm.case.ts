import { random, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import {
  batchOptions,
  checkOptions,
  evaluation,
  type Mode,
  normalizeBatch,
  training,
} from "@evenkeel/norm-core";
import type { GoldenCall, NormCase, NormSample } from "@evenkeel/testkit";
import { patchAwareBatchNormReference } from "./patch-aware-batch-norm.reference.ts";
import {
  type PatchAwareBatchNormCondition,
  type PatchAwareBatchNormOptions,
  type PatchPlan,
  patchAwareBatchNorm,
} from "./patch-aware-batch-norm.ts";
import { drawPatchPlan, type PlanSizes } from "./plan.ts";

type Options = PatchAwareBatchNormOptions;
type Condition = PatchAwareBatchNormCondition;

/** What a plan for x of a shape [N, C, …space] is made for. */
function sizesOf([samples, channels, ...space]: readonly number[]): PlanSizes {
  const [width = 1, height = 1, ...rest] = space.slice().reverse();
  const depth = rest.reduce((product, n) => product * n, samples!);
  return { depth, channels: channels!, height, width };
}

const planned =
  (plan: PatchPlan, x?: Tensor) =>
  ({ bound, params, state, ...sample }: NormSample<Options, Condition>): unknown =>
    bound.apply(x ?? sample.x, params, state, { condition: { plan } });

/** The choices that a step of the file records. */
function recorded({ step, inputs }: GoldenCall): Condition {
  const branches = step["branches"] as readonly { rowSplit?: number; colSplit?: number }[];
  if (branches === undefined) return {};
  const rows = (mask: Tensor | undefined): number[][] | undefined => {
    if (mask === undefined) return undefined;
    const channels = mask.shape[1]!;
    return Array.from({ length: mask.shape[0]! }, (_, i) => [
      ...mask.data.slice(i * channels, (i + 1) * channels),
    ]);
  };
  const [first, second] = branches.map(({ rowSplit, colSplit }, i) => ({
    ...{ rowSplit, colSplit, ownStatistics: rows(inputs[`statMask${i}`]) },
  }));
  return { plan: { first: first!, second, useSecond: [...inputs["channelMask"]!.data] } };
}

/** What patch-aware batch norm promises, as data for `normSuite`. */
export const patchAwareBatchNormCase: NormCase<Options, Condition> = {
  norm: patchAwareBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, statProb: 1 },
    { numFeatures, momentum: null, statProb: 0.2 },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false, channelProb: 0.9 },
  ],
  reference: patchAwareBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  shapes: { ranks: [2, 3, 4, 5], channels: [1, 2, 3], batch: [1, 2, 3], side: [1, 5, 6] },
  accepts: (shape, _, { statistics, update }: Mode) =>
    shape.reduce((product, n) => product * n, 1) > shape[1]! ||
    (statistics === "running" && !update),
  condition(stream, shape, { statProb = 0.5, channelProb = 0.5 }) {
    const sizes = sizesOf(shape);
    return { plan: drawPatchPlan(sizes, { statProb, channelProb }, stream) };
  },
  conditionRows: (condition) => condition,
  foreignStatistics: () => true,
  gradientOrder: 0,
  exceptions: {
    gradients:
      "a patch may be normalized by running statistics that patches before it have moved: they are constants, which differences do not know. The spec checks all orders where nothing moves, and the files hold the exact gradients where something does",
    splitting: "a plan for the whole batch may leave one value in a patch of one sample",
  },
  laws: [
    {
      name: "one whole by its own statistics is batch norm's training step",
      modes: [training],
      holds({ bound, options: { statProb, channelProb, affine, ...same }, x, params, state }) {
        const options = checkOptions("batch norm", same, batchOptions);
        const call = { state, options, mode: training };
        const expected = normalizeBatch("batch norm", x, params, call);
        const got = bound.apply(x, params, state, { condition: { plan: { first: {} } } });
        expectNear(got.output, expected.output);
        for (const [name, t] of Object.entries(got.state)) expectNear(t, expected.state[name]!);
      },
    },
    {
      name: "running statistics everywhere are evaluation",
      modes: [{ statistics: "batch", update: false }],
      holds({ bound, x, params, state }) {
        const ownStatistics = [Array.from({ length: x.shape[1]! }, () => 0)];
        const mode: Mode = { statistics: "batch", update: false };
        const condition = { plan: { first: { ownStatistics } } };
        const got = bound.apply(x, params, state, { mode, condition });
        expectNear(got.output, bound.apply(x, params, state, { mode: evaluation }).output);
      },
    },
    {
      name: "equal states and seeds draw equal choices, and a given stream draws its own",
      modes: [training],
      holds({ bound, x, params, state, seed }) {
        const apply = (condition?: Condition): Tensor =>
          bound.apply(x, params, state, { condition }).output;
        expectNear(apply(), apply({}));
        expectNear(apply({ random: random(seed) }), apply({ random: random(seed) }));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "patchAwareBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "patchAwareBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "patchAwareBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "a probability above 1",
      run: () => patchAwareBatchNorm({ numFeatures: 3, statProb: 1.5 }),
      message: "patchAwareBatchNorm statProb: expected a number from 0 to 1, got 1.5.",
    },
    {
      name: "a cut outside the image",
      run: planned({ first: { rowSplit: 5 } }, zeros([2, 3, 5, 5])),
      message:
        "patchAwareBatchNorm rowSplit: expected a whole number above 0 and below the 5 rows, got 5. Correct the plan in the condition.",
    },
    {
      name: "a patch of one value",
      run: planned({ first: { rowSplit: 1, colSplit: 1 } }, zeros([1, 3, 5, 5])),
      message:
        "patchAwareBatchNorm: expected more than one value in every patch, got one sample and a patch of 1 by 1. Use larger batches, larger patches, or evaluation mode.",
    },
    {
      name: "masks of another number of patches",
      run: planned({
        first: {
          ownStatistics: [
            [1, 0, 1],
            [1, 0, 1],
          ],
        },
      }),
      message:
        "patchAwareBatchNorm ownStatistics: expected one mask for each of 1 patches, got 2. Correct the plan in the condition.",
    },
    {
      name: "a mask of another number of channels",
      run: planned({ first: {}, second: {}, useSecond: [1, 0] }),
      message:
        "patchAwareBatchNorm useSecond: expected 3 flags, one per channel, got 2. Correct the plan in the condition.",
    },
    {
      name: "channels of a second version that there is not",
      run: planned({ first: {}, useSecond: [1, 0, 1] }),
      message:
        "patchAwareBatchNorm useSecond: expected a second version, got none. Correct the plan in the condition.",
    },
  ],
  golden: [
    {
      method: "pbn",
      // inner "batch" has no masks of statistics: every patch by its own.
      options: ({ numFeatures, eps, momentum, statProb, channelProb }) =>
        ({ numFeatures, eps, momentum, statProb, channelProb }) as Options,
      condition: recorded,
      understands: ["branches"],
    },
  ],
};

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

import { gather, grad, mul, random, sum, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchNorm } from "../batch-norm/batch-norm.ts";
import { acceptsBatch, everyMode } from "../branch.case.ts";
import { syncBatchNormReference } from "./sync-batch-norm.reference.ts";
import {
  type SyncBatchNormCondition,
  type SyncBatchNormOptions,
  syncBatchNorm,
} from "./sync-batch-norm.ts";

/** What synchronized batch norm promises, as data for `normSuite`. */
export const syncBatchNormCase: NormCase<SyncBatchNormOptions, SyncBatchNormCondition> = {
  norm: syncBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, weighting: "equal" },
    { numFeatures, affine: false, momentum: null },
    { numFeatures, weighting: "equal", trackRunningStats: false },
    { numFeatures, weighting: "equal", eps: 1e-3, momentum: 0.7 },
    { numFeatures, unbiasedRunningVar: false },
  ],
  reference: syncBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  condition(stream, [samples]) {
    if (stream.next() < 0.2) return undefined;
    const cut = stream.integer(samples! + 1);
    const rest = stream.integer(samples! - cut + 1);
    return { replicas: [cut, rest, samples! - cut - rest] };
  },
  conditionRows: (condition) => condition,
  exceptions: {
    permutation: "with weighting equal, the place in the batch says how much a sample counts",
  },
  laws: [
    {
      name: "replicas that count by their values are batch norm of all samples, in any order",
      modes: [training],
      holds({ options: { weighting = "count", ...options }, bound, x, params, state, ...rest }) {
        if (weighting !== "count") return;
        const { condition, seed } = rest;
        const order = [...random(seed).permutation(x.shape[0]!)];
        const got = bound.apply(gather(x, order), params, state, { condition });
        const expected = batchNorm(options).apply(x, params, state);
        expectNear(got.output, gather(expected.output, order));
        for (const [name, t] of Object.entries(expected.state)) expectNear(got.state[name]!, t);
      },
    },
    {
      name: "replicas of one size give the same whether they count alike or by their values",
      modes: [training],
      holds({ options, x, params, state, seed }) {
        const replicas = new Array<number>(x.shape[0]!).fill(1);
        const cotangent = random(seed).normal(x.shape, { dtype: "float64" });
        const run = (weighting: "count" | "equal"): Tensor[] => {
          const bound = syncBatchNorm({ ...options, weighting });
          const apply = (t: Tensor): Tensor =>
            bound.apply(t, params, state, { condition: { replicas } }).output;
          return [apply(x), grad((t: Tensor) => sum(mul(apply(t), cotangent)))(x)];
        };
        const [count, equal] = [run("count"), run("equal")];
        for (const [i, t] of count.entries()) expectNear(equal[i]!, t);
      },
    },
    {
      name: "an empty replica contributes nothing",
      modes: [training],
      holds({ bound, x, params, state, condition }) {
        const replicas = condition?.replicas ?? [x.shape[0]!];
        const apply = (sizes: readonly number[]): Tensor =>
          bound.apply(x, params, state, { condition: { replicas: sizes } }).output;
        expectNear(apply([0, ...replicas, 0]), apply(replicas));
      },
    },
    {
      name: "evaluation asks for no replicas",
      modes: [evaluation],
      holds({ bound, x, params, state }) {
        if (!state["runningMean"]) return;
        const apply = (condition: SyncBatchNormCondition): Tensor =>
          bound.apply(x, params, state, { mode: evaluation, condition }).output;
        expectNear(apply({ replicas: [999] }), apply({}));
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "syncBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "replicas that are not the samples of x",
      run: ({ bound, x, params, state }) =>
        bound.apply(x, params, state, { condition: { replicas: [2, 3] } }),
      message:
        "syncBatchNorm replicas: expected numbers of samples that make 4 together, got [2, 3] for x of shape [4, 3, 3].",
    },
    {
      name: "one value per channel in all replicas",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "syncBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "syncBatchNorm: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "sync-bn",
      options: ({ eps, momentum, mode }, xShape) =>
        ({ numFeatures: xShape[1]!, eps, momentum, weighting: mode }) as SyncBatchNormOptions,
      condition: ({ config }) => ({ replicas: config["replicaBatchSizes"] as number[] }),
      parts: ({ config }) => config["replicaBatchSizes"] as number[],
      names: { running_mean: "runningMean", running_var: "runningVar" },
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

import { concat, slice, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import { batchNorm } from "../batch-norm/batch-norm.ts";
import { everyMode } from "../branch.case.ts";
import { ghostBatchNormReference } from "./ghost-batch-norm.reference.ts";
import { type GhostBatchNormOptions, ghostBatchNorm } from "./ghost-batch-norm.ts";

/** What ghost batch norm promises, as data for `normSuite`. */
export const ghostBatchNormCase: NormCase<GhostBatchNormOptions> = {
  norm: ghostBatchNorm,
  options: (numFeatures) => [
    { numFeatures, ghostBatchSize: 4 },
    { numFeatures, ghostBatchSize: 2, affine: false },
    { numFeatures, ghostBatchSize: 1, momentum: null },
    { numFeatures, ghostBatchSize: 2, runningUpdate: "scaled", unbiasedRunningVar: false },
    { numFeatures, ghostBatchSize: 3, runningUpdate: "average", momentum: null },
    { numFeatures, ghostBatchSize: 2, runningUpdate: "average", eps: 1e-3, momentum: 0.7 },
    { numFeatures, ghostBatchSize: 2, trackRunningStats: false },
  ],
  reference: ghostBatchNormReference,
  modes: everyMode,
  accepts(shape, { ghostBatchSize, trackRunningStats = true }, { statistics, update }) {
    const [samples, , ...space] = shape as [number, number, ...number[]];
    const rest = samples % ghostBatchSize || ghostBatchSize;
    const values = space.reduce((product, n) => product * n, rest);
    return values > 1 || (statistics === "running" && trackRunningStats && !update);
  },
  exceptions: { permutation: "the place in the batch says which chunk a sample belongs to" },
  reducesTo: [
    {
      name: "batch norm where the batch is one chunk",
      options: (options) => ({ ...options, ghostBatchSize: 5 }),
      equals: (call) => batchNormReference({ ...call, condition: undefined }).output,
    },
  ],
  laws: [
    {
      name: "it is batch norm called chunk by chunk, state too",
      modes: [training],
      holds({ options, bound, x, params, state }) {
        const { ghostBatchSize, runningUpdate = "sequential", ...plain } = options;
        if (runningUpdate !== "sequential") return;
        const outputs: Tensor[] = [];
        let after = state;
        for (let from = 0; from < x.shape[0]!; from += ghostBatchSize) {
          const chunk = slice(x, [from], [Math.min(from + ghostBatchSize, x.shape[0]!)]);
          const applied = batchNorm(plain).apply(chunk, params, after);
          outputs.push(applied.output);
          after = applied.state;
        }
        const got = bound.apply(x, params, state);
        expectNear(got.output, concat(outputs));
        for (const [name, t] of Object.entries(after)) expectNear(got.state[name]!, t);
      },
    },
    {
      name: "evaluation is batch norm's",
      modes: [evaluation],
      holds({ options, bound, x, params, state }) {
        if (!state["runningMean"]) return;
        const { ghostBatchSize: _, runningUpdate: _unused, ...plain } = options;
        const mode = evaluation;
        const got = bound.apply(x, params, state, { mode }).output;
        expectNear(got, batchNorm(plain).apply(x, params, state, { mode }).output);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "ghostBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "a rest of one value per channel",
      run: ({ bound, params, state }) => bound.apply(zeros([5, 3]), params, state),
      message:
        "ghostBatchNorm: expected more than one value for each statistic, got shape [5, 3]. Use a batch size without a small rest, or evaluation mode.",
    },
    {
      name: "a cumulative average with a scaled momentum",
      run: () =>
        ghostBatchNorm({
          ...{ numFeatures: 3, ghostBatchSize: 2, momentum: null, runningUpdate: "scaled" },
        }),
      message:
        'ghostBatchNorm momentum: expected a number from 0 to 1 with runningUpdate "scaled", got null. Take "sequential", or a number.',
    },
    {
      name: "NaN in the last chunk",
      run({ params, state }) {
        const data = new Float64Array(30).fill(1);
        data[29] = Number.NaN;
        const x = tensor(data, { shape: [5, 3, 2] });
        ghostBatchNorm({ numFeatures: 3, ghostBatchSize: 2 }).apply(x, params, state);
      },
      message:
        "ghostBatchNorm: expected a finite running mean, got NaN in channel 2. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "ghost-bn",
      options: (config, xShape) =>
        ({ numFeatures: xShape[1]!, ...config }) as unknown as GhostBatchNormOptions,
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

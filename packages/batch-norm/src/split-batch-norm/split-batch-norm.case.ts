import { slice, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import type { GoldenAdapter, GoldenCall, NormCase } from "@evenkeel/testkit";
import { batchNormReference } from "../batch-norm/batch-norm.reference.ts";
import { batchNorm } from "../batch-norm/batch-norm.ts";
import {
  acceptsBatch,
  branchRejections,
  everyMode,
  expectUntouched,
  trainedBranches,
} from "../branch.case.ts";
import { splitBatchNormReference } from "./split-batch-norm.reference.ts";
import {
  type SplitBatchNormCondition,
  type SplitBatchNormOptions,
  splitBatchNorm,
} from "./split-batch-norm.ts";

/** Values of each part's statistics; a fraction where the parts do not come out even. */
function valuesOf(shape: readonly number[], numSplits: number): number {
  const [samples, , ...space] = shape as [number, number, ...number[]];
  if (samples % numSplits !== 0) return 0;
  return (samples / numSplits) * space.reduce((product, n) => product * n, 1);
}

const branches: Readonly<Record<string, number | undefined>> = { main: 0, clean: 0, adv: 1 };

/** The files say with each step, or with each case, which batch norm the batch goes through. */
function goldenOf(method: string): GoldenAdapter<SplitBatchNormOptions, SplitBatchNormCondition> {
  return {
    method,
    understands: ["batchType"],
    options: ({ numFeatures, numSplits = 2, eps, momentum }) =>
      ({ numFeatures, numSplits, eps, momentum }) as SplitBatchNormOptions,
    condition: ({ config, step }: GoldenCall) => ({
      branch: branches[String(step["batchType"] ?? config["batchType"] ?? "mix")],
    }),
  };
}

/** What split batch norm promises, as data for `normSuite`. */
export const splitBatchNormCase: NormCase<SplitBatchNormOptions, SplitBatchNormCondition> = {
  norm: splitBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, numSplits: 1, affine: false },
    { numFeatures, numSplits: 3, momentum: null },
    { numFeatures, trackRunningStats: false },
    { numFeatures, numSplits: 2, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: splitBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedBranches,
  condition(stream, shape, { numSplits = 2 }) {
    const divides = valuesOf(shape, numSplits) > 1;
    return divides && stream.next() < 0.7 ? undefined : { branch: stream.integer(numSplits) };
  },
  exceptions: { permutation: "the place in the batch says which part a sample belongs to" },
  reducesTo: [
    {
      name: "batch norm with one part",
      options: (options) => (options.numSplits === 1 ? options : undefined),
      equals: (call) => batchNormReference({ ...call, condition: undefined }).output,
    },
  ],
  laws: [
    {
      name: "each part is batch norm by its own row, of its samples alone",
      modes: [training],
      holds({ options: { numSplits = 2, ...options }, bound, x, params, state, condition }) {
        if (condition) return;
        const got = bound.apply(x, params, state);
        const size = x.shape[0]! / numSplits;
        for (let part = 0; part < numSplits; part++) {
          const row = (t: Tensor): Tensor => tensor(rowOf(t, part), { shape: t.shape.slice(1) });
          const rows = (tensors: typeof params): typeof params =>
            Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, row(t)]));
          const samples = (t: Tensor): Tensor => slice(t, [part * size], [(part + 1) * size]);
          const alone = batchNorm(options).apply(samples(x), rows(params), rows(state));
          expectNear(samples(got.output), alone.output);
          for (const [name, t] of Object.entries(alone.state)) expectNear(row(got.state[name]!), t);
        }
      },
    },
    {
      name: "a named branch takes the whole batch and leaves the others alone",
      modes: [training],
      holds({ bound, x, params, state, condition }) {
        if (condition?.branch === undefined) return;
        const next = bound.apply(x, params, state, { condition }).state;
        expectUntouched(next, state, (branch) => branch === condition.branch);
      },
    },
    {
      name: "evaluation is by the main batch norm, whatever the number of samples",
      modes: [evaluation],
      holds({ bound, x, params, state }) {
        const apply = (condition?: SplitBatchNormCondition): Tensor =>
          bound.apply(x, params, state, { mode: evaluation, condition }).output;
        if (Object.keys(state).length > 0) expectNear(apply(), apply({ branch: 0 }));
      },
    },
  ],
  rejects: [
    ...branchRejections<SplitBatchNormOptions, SplitBatchNormCondition>("splitBatchNorm"),
    {
      name: "a batch that the parts do not divide",
      run: ({ bound, params, state }) => bound.apply(zeros([5, 3, 2]), params, state),
      message:
        "splitBatchNorm: expected a number of samples that numSplits 2 divides, got 5 in shape [5, 3, 2]. Use another batch size, or name a branch in the condition.",
    },
    {
      name: "one value per part and channel",
      run: ({ bound, params, state }) => bound.apply(zeros([2, 3]), params, state),
      message:
        "splitBatchNorm: expected more than one value for each statistic, got shape [2, 3]. Use larger batches, or evaluation mode.",
    },
    {
      name: "NaN in a part of the batch",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[broken.length - 1] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "splitBatchNorm: expected a finite running mean, got NaN in channel 2. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: ["split-batch-norm", "split-bn", "aux-bn"].map(goldenOf),
};

function rowOf({ data, shape }: Tensor, row: number): Float64Array {
  const size = data.length / shape[0]!;
  return Float64Array.from(data.subarray(row * size, (row + 1) * size));
}

function expectNear(got: Tensor, expected: Tensor): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= 1e-12 * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

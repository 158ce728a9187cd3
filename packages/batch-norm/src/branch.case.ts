import { type Random, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import type { NormSample, Rejection } from "@evenkeel/testkit";

/** The four ways to mix batch statistics, running ones and their updates. */
export const everyMode: readonly Mode[] = [
  training,
  evaluation,
  { statistics: "batch", update: false },
  { statistics: "running", update: true },
];

/** Whether a batch norm by one branch takes a shape. */
export function acceptsBatch(
  shape: readonly number[],
  { trackRunningStats = true }: { readonly trackRunningStats?: boolean },
  { statistics, update }: Mode,
): boolean {
  const values = shape.reduce((product, n) => product * n, 1) / shape[1]!;
  return values > 1 || (statistics === "running" && !(update && trackRunningStats));
}

/** Running statistics that every branch may have come to. */
export function trainedBranches(stream: Random, initial: Tensors): Tensors {
  const { runningMean, runningVar, numBatchesTracked } = initial;
  if (!runningMean) return initial;
  return {
    runningMean: stream.normal(runningMean.shape, { dtype: "float64" }),
    runningVar: stream.uniform(runningVar!.shape, { low: 0.5, high: 2, dtype: "float64" }),
    numBatchesTracked: tensor(
      Float64Array.from(numBatchesTracked!.data, () => 1 + stream.integer(3)),
    ),
  };
}

/** What norms of two branches refuse, whether the condition must name one or may. */
export function branchRejections<O, C extends { readonly branch?: number | undefined }>(
  id: string,
): Rejection<O, C>[] {
  const applied =
    (branch: number, given?: Tensor) =>
    ({ bound, x, params, state }: NormSample<O, C>): unknown =>
      bound.apply(given ?? x, params, state, { condition: { branch } as C });
  const unknown = [-1, 2, 0.5].map((branch) => ({
    name: `branch ${branch}`,
    run: applied(branch),
    message: `${id} branch: expected a whole number from 0 to 1, got ${branch}. Pass it in the condition.`,
  }));
  return [
    ...unknown,
    {
      name: "another number of channels",
      run: applied(0, zeros([4, 5, 3])),
      message: `${id}: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.`,
    },
    {
      name: "one value per channel in training",
      run: applied(1, zeros([1, 3, 1])),
      message: `${id}: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.`,
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        const condition = { branch: 1 } as C;
        bound.apply(tensor(broken, { shape: x.shape }), params, state, { condition });
      },
      message: `${id}: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
    {
      name: "evaluation by a branch that has never been trained",
      run({ bound, x, params }) {
        const fresh = bound.init({ dtype: "float64" }).state;
        const trained = bound.apply(x, params, fresh, { condition: { branch: 1 } as C }).state;
        bound.apply(x, params, trained, { mode: evaluation, condition: { branch: 0 } as C });
      },
      message: `${id}: expected running statistics of branch 0, got a branch that has never been trained. Train on it first, or evaluate by another branch.`,
    },
  ];
}

/** Refuses a change in what a branch did not take part in. */
export function expectUntouched(
  next: Tensors,
  before: Tensors,
  isOwn: (branch: number) => boolean,
): void {
  for (const [name, t] of Object.entries(next)) {
    const old = before[name]!.data;
    t.data.forEach((v, i) => {
      const branch = Math.floor((i * t.shape[0]!) / t.size);
      if (isOwn(branch) || Object.is(v, old[i])) return;
      throw new Error(`${name} of branch ${branch} went from ${old[i]} to ${v}`);
    });
  }
}

import { onesLike, type Random, type Tensor, tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import type { NormSample, Rejection } from "@evenkeel/testkit";

/** The four ways to mix batch statistics, running ones and their updates. */
export const everyMode: readonly Mode[] = [
  training,
  evaluation,
  { statistics: "batch", update: false },
  { statistics: "running", update: true },
];

/** Whether a norm by the statistics of a batch takes a shape. */
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
      { shape: numBatchesTracked!.shape },
    ),
  };
}

/** The shared affine alone: every row of the tables is 1 and 0. */
export function withoutRows(params: Tensors): Tensors {
  const { gammaEmbed, betaEmbed } = params;
  return { ...params, gammaEmbed: onesLike(gammaEmbed!), betaEmbed: zerosLike(betaEmbed!) };
}

/** What every norm of this family by batch statistics refuses, with a condition that it takes. */
export function batchRejections<O, C>(id: string, fitting: C): Rejection<O, C>[] {
  const applied =
    (x: Tensor) =>
    ({ bound, params, state }: NormSample<O, C>): unknown =>
      bound.apply(x, params, state, { condition: fitting });
  return [
    {
      name: "another number of channels",
      run: applied(zeros([4, 5, 3])),
      message: `${id}: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.`,
    },
    {
      name: "an empty batch",
      run: applied(zeros([0, 3, 2])),
      message: `${id}: expected at least one element, got shape [0, 3, 2].`,
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        const condition = fitting;
        bound.apply(tensor(broken, { shape: x.shape }), params, state, { condition });
      },
      message: `${id}: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
  ];
}

/** Refuses numbers that differ by more than rounding; for laws, which ship without the testkit. */
export function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (got.length !== expected.length) throw new Error(`expected ${expected.length} numbers`);
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(got[i]! - expected[i]!);
    if (!(gap <= 1e-10 * (1 + Math.abs(expected[i]!))))
      throw new Error(`expected ${expected[i]}, got ${got[i]}`);
  }
}

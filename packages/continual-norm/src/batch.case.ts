import { type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Mode, training } from "@evenkeel/norm-core";
import type { Rejection } from "@evenkeel/testkit";

/** The four ways to mix batch statistics, running ones and their updates. */
export const everyMode: readonly Mode[] = [
  training,
  evaluation,
  { statistics: "batch", update: false },
  { statistics: "running", update: true },
];

/** Whether a norm by the statistics of the whole batch takes a shape. */
export function acceptsBatch(
  shape: readonly number[],
  { trackRunningStats = true }: { readonly trackRunningStats?: boolean },
  { statistics, update }: Mode,
): boolean {
  const values = shape.reduce((product, n) => product * n, 1) / shape[1]!;
  return values > 1 || (statistics === "running" && !(update && trackRunningStats));
}

/** What every norm here refuses, told a condition that it takes of four samples. */
export function batchRejections<O, C>(id: string, condition: C | undefined): Rejection<O, C>[] {
  return [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([4, 5, 3]), params, state, { condition }),
      message: `${id}: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.`,
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state, { condition });
      },
      message: `${id}: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
  ];
}

/** Refuses numbers that differ by more than rounding. */
export function expectNear(got: Tensor, expected: Tensor, tolerance = 1e-12): void {
  got.data.forEach((v, i) => {
    const gap = Math.abs(v - expected.data[i]!);
    if (!(gap <= tolerance * (1 + Math.abs(v))))
      throw new Error(`expected ${expected.data[i]}, got ${v}`);
  });
}

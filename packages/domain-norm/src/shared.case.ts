import { type Random, type Shape, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import type { DomainUse, NormSample, Rejection } from "@evenkeel/testkit";
import type { DomainCondition, DomainOptions } from "./domains.ts";

/** The four ways to mix batch statistics, running ones and their updates. */
export const everyMode: readonly Mode[] = [
  training,
  evaluation,
  { statistics: "batch", update: false },
  { statistics: "running", update: true },
];

/** Values of each statistic in x of a shape. */
export function valuesOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1) / shape[1]!;
}

/** Whether a norm by the statistics of a batch takes a shape. */
export function acceptsBatch(
  shape: Shape,
  { trackRunningStats = true }: { readonly trackRunningStats?: boolean },
  { statistics, update }: Mode,
): boolean {
  return valuesOf(shape) > 1 || (statistics === "running" && !(update && trackRunningStats));
}

/** The same of a norm that looks at the batch in evaluation, too, if it has running statistics. */
export function acceptsTarget(
  shape: Shape,
  { trackRunningStats = true }: { readonly trackRunningStats?: boolean },
  { statistics }: Mode,
): boolean {
  return valuesOf(shape) > 1 || (statistics === "running" && !trackRunningStats);
}

/** Running statistics that training may have come to, of any number of domains. */
export function trainedState(stream: Random, initial: Tensors): Tensors {
  const { runningMean, runningVar, numBatchesTracked } = initial;
  if (!runningMean) return initial;
  return {
    ...initial,
    runningMean: stream.normal(runningMean.shape, { dtype: "float64" }),
    runningVar: stream.uniform(runningVar!.shape, { low: 0.5, high: 2, dtype: "float64" }),
    numBatchesTracked: tensor(
      Float64Array.from(numBatchesTracked!.data, () => 1 + stream.integer(3)),
      { shape: numBatchesTracked!.shape },
    ),
  };
}

/** One domain for the batch, or one for each sample where a sample has values enough. */
export function drawDomains(
  stream: Random,
  shape: Shape,
  { numDomains }: DomainOptions,
): DomainCondition {
  if (valuesOf(shape) === shape[0]! || stream.next() < 0.4) {
    return { domain: stream.integer(numDomains) };
  }
  return { domain: Array.from({ length: shape[0]! }, () => stream.integer(numDomains)) };
}

/** For comparisons: the domain of each image is what the norm is told. */
export const domainUse: DomainUse<DomainOptions, DomainCondition> = {
  options: (usual, numDomains) => ({ ...usual, numDomains }),
  condition: (domain) => ({ domain }),
};

/** What every norm of this family refuses, with a condition that it takes. */
export function batchRejections<O, C>(id: string, fitting?: C): Rejection<O, C>[] {
  return [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([4, 5, 3]), params, state, { condition: fitting }),
      message: `${id}: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.`,
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        const wrong = tensor(broken, { shape: x.shape });
        bound.apply(wrong, params, state, { condition: fitting });
      },
      message: `${id}: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
  ];
}

/** What every norm with statistics of each domain refuses; made for two domains. */
export function domainRejections<O>(id: string): Rejection<O, DomainCondition>[] {
  const told = (domain: DomainCondition["domain"]) => (sample: NormSample<O, DomainCondition>) =>
    sample.bound.apply(sample.x, sample.params, sample.state, { condition: { domain } });
  const remedy = "Evaluate samples of an unseen domain by a known one, or by a mixture of all.";
  return [
    ...batchRejections<O, DomainCondition>(id, { domain: 0 }),
    {
      name: "no condition",
      run: ({ bound, x, params, state }) => bound.apply(x, params, state),
      message: `${id} domain: expected one id, or 4, one per sample, got none. Pass it in the condition.`,
    },
    {
      name: "ids of another number of samples",
      run: told([0, 1, 1]),
      message: `${id} domain: expected one id, or 4, one per sample, got 3 ids. Pass it in the condition.`,
    },
    {
      name: "the last domain as -1",
      run: told(-1),
      message: `${id} domain: expected whole numbers from 0 to 1, got -1. ${remedy}`,
    },
    {
      name: "an unknown domain among the samples'",
      run: told([0, 1, 2, 0]),
      message: `${id} domain: expected whole numbers from 0 to 1, got 2 at position 2. ${remedy}`,
    },
    {
      name: "a domain with a single value per channel in training",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([3, 3, 1]), params, state, { condition: { domain: [0, 1, 0] } }),
      message: `${id}: expected more than one value for each statistic of domain 1, got 1 sample in shape [3, 3, 1]. Draw batches with at least two samples of each domain, or none.`,
    },
    {
      name: "evaluation by a domain that was never trained",
      run({ bound, x, params }) {
        const fresh = bound.init({ dtype: "float64" }).state;
        const one = bound.apply(x, params, fresh, { condition: { domain: 0 } }).state;
        const condition = { domain: [0, 0, 1, 0] };
        bound.apply(x, params, one, { mode: evaluation, condition });
      },
      message: `${id}: expected running statistics of domain 1, got a domain that no batch went through. Train on it, or run its samples in training mode to collect them, or name another domain.`,
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

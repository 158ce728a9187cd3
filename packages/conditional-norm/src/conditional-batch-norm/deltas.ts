import {
  add,
  cast,
  div,
  fail,
  mul,
  pow,
  type Random,
  relu,
  reshape,
  scope,
  stopGradient,
  sub,
  type Tensor,
  tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { type BatchStatistics, type Tensors, updateRunning } from "@evenkeel/norm-core";
import { linearRows } from "../rows.ts";

/** Dropout of hidden units: each is 0 with probability p, else divided by 1 − p. */
export interface HiddenDropout {
  readonly p: number;
  readonly random: Random | undefined;
}

/**
 * The delta of gamma or beta of each sample: OutWeight · dropout(relu(HiddenWeight · e + HiddenBias)).
 *
 * @param side - "gamma" or "beta": how the names of its parameters begin.
 */
export function deltaOf(
  where: string,
  params: Tensors,
  side: string,
  embedding: Tensor,
  dropout: HiddenDropout,
): Tensor {
  const of = (name: string): Tensor => params[`${side}${name}`]!;
  const hidden = relu(linearRows(embedding, of("HiddenWeight"), of("HiddenBias")));
  return linearRows(dropped(where, hidden, dropout), of("OutWeight"));
}

function dropped(where: string, hidden: Tensor, { p, random }: HiddenDropout): Tensor {
  if (p === 0) return hidden;
  if (!random) {
    return fail(
      {
        where: `${where} random`,
        expected: `a stream made by random(seed), for dropout ${p} in training`,
        got: "none",
        hint: "Pass it in the condition.",
      },
      ValueError,
    );
  }
  const kept = Float64Array.from({ length: hidden.size }, () =>
    random.next() < p ? 0 : 1 / (1 - p),
  );
  return mul(hidden, tensor(kept, { shape: hidden.shape, dtype: hidden.dtype }));
}

/**
 * TensorFlow's zero-debiased running mean beside a running variance as usual: the average starts at 0
 * and is divided by the weight that the batches have in it, so that the first batch counts in full.
 *
 *     raw ← raw + momentum·(mean − raw)     runningMean = raw / (1 − (1 − momentum)^batches)
 */
export function debiasedRunning(
  where: string,
  state: Tensors,
  momentum: number,
): (batch: BatchStatistics) => Tensors {
  return (batch) =>
    scope(() => {
      const next = updateRunning(where, state, batch, momentum);
      const { meanEmaBiased, numBatchesTracked } = next;
      if (!meanEmaBiased || !numBatchesTracked) return next;
      const { dtype } = batch.mean;
      const before = cast(stopGradient(meanEmaBiased), dtype);
      const mean = stopGradient(reshape(batch.mean, before.shape));
      const raw = add(before, mul(momentum, sub(mean, before)));
      const weight = sub(1, pow(1 - momentum, cast(numBatchesTracked, dtype)));
      const to = (t: Tensor): Tensor => cast(t, meanEmaBiased.dtype);
      return { ...next, runningMean: to(div(raw, weight)), meanEmaBiased: to(raw) };
    });
}

import {
  add,
  concat,
  EvenkeelError,
  fail,
  gather,
  grad,
  leaves,
  mul,
  random,
  relu,
  sum,
  type Tensor,
  transpose,
  zeros,
} from "@evenkeel/autodiff";
import type { Applied, Tensors } from "@evenkeel/norm-core";
import { expectClose, MismatchError, sameBits } from "./compare.ts";
import { checkGradients } from "./gradients.ts";
import type { NdArray } from "./ndarray.ts";
import type { NormCase, NormSample } from "./norm-case.ts";
import { applySample, guardSample, plainCall } from "./norm-sample.ts";
import { tolerances } from "./tolerances.ts";
import { rowsOf } from "./tree.ts";
import { differentiated } from "./trial.ts";

const { reference: tolerance } = tolerances;

/** Promise 1: output and next state are the reference's. */
export function equalsReference<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): void {
  const { output, state } = applySample(sample);
  const expected = norm.reference(plainCall(sample));
  expectClose("output", output, expected.output, tolerance);
  expectState(state, expected.state);
}

function expectState(state: Tensors, expected: Readonly<Record<string, NdArray | Tensor>>): void {
  const [got, wanted] = [Object.keys(state).sort().join(), Object.keys(expected).sort().join()];
  if (got !== wanted) {
    fail({ where: "state", expected: wanted || "none", got: got || "none" }, MismatchError);
  }
  for (const [name, t] of Object.entries(state)) {
    expectClose(`state ${name}`, t, expected[name]!, tolerance);
  }
}

/** Promise 2: gradients of x and the parameters, orders 1 to 3. */
export function hasRightGradients<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): void {
  const order = norm.gradientOrder ?? 3;
  if (order === 0) return;
  const { f, at } = differentiated(norm, sample);
  checkGradients(f, at, { order, seed: sample.seed });
}

/** The gradient of ⟨c, output⟩ for a random c, with respect to x and the parameters. */
export function gradientsOf<O, C>(
  sample: NormSample<O, C>,
  cotangent: Tensor,
): { readonly x: Tensor; readonly params: Tensors } {
  const { x, params } = sample;
  const loss = (at: { x: Tensor; params: Tensors }): Tensor =>
    sum(mul(applySample(sample, at).output, cotangent));
  return grad(loss)({ x, params });
}

export function cotangentOf<O, C>({ x, seed }: NormSample<O, C>): Tensor {
  return random(seed + 1).normal(x.shape, { dtype: x.dtype });
}

/** Promise 3: the same bits twice, and nothing that was given is modified. */
export function isRepeatable<O, C>(sample: NormSample<O, C>): void {
  const unchanged = guardSample(sample);
  const cotangent = cotangentOf(sample);
  const run = (): Tensor[] => {
    const { output, state } = applySample(sample);
    return [output, ...leaves(state), ...leaves(gradientsOf(sample, cotangent))];
  };
  const [first, second] = [run(), run()];
  unchanged();
  if (first.every((t, i) => sameBits(t, second[i]!))) return;
  fail(
    { where: "normSuite", expected: "the same bits from a second run", got: "others" },
    MismatchError,
  );
}

/** An activation asked for gives what the op gives after the norm, gradients included. */
export function appliesActivation<O, C>(sample: NormSample<O, C>): void {
  const { bound, params, state, mode, condition } = sample;
  const cotangent = cotangentOf(sample);
  const at = { x: sample.x, params };
  const asked = (given: typeof at): Applied =>
    bound.apply(given.x, given.params, state, { mode, condition, activation: "relu" });
  const plain = applySample(sample);
  const got = asked(at);
  expectClose("output", got.output, relu(plain.output), tolerance);
  expectState(got.state, plain.state);
  const gradients = (f: (given: typeof at) => Tensor): Tensor[] =>
    leaves(grad((given: typeof at) => sum(mul(f(given), cotangent)))(at));
  const expected = gradients((given) => relu(applySample(sample, given).output));
  gradients((given) => asked(given).output).forEach((gradient, i) => {
    expectClose(`gradient ${i}`, gradient, expected[i]!, tolerance);
  });
}

/** No gradient flows through the next state. */
export function keepsStateConstant<O, C>(sample: NormSample<O, C>): void {
  const { x, params } = sample;
  const total = (at: { x: Tensor; params: Tensors }): Tensor =>
    leaves(applySample(sample, at).state).reduce(
      (t, s) => add(t, sum(s)),
      zeros([], { dtype: "float64" }),
    );
  for (const t of leaves(grad(total)({ x, params }))) {
    expectClose("gradient through the state", t, { ...t, data: new Float64Array(t.size) }, 0);
  }
}

/**
 * Promise 4: any channel axis gives what axis 1 gives, gradients included. On axis 0, where other
 * norms have the batch, a named error will do.
 */
export function takesAnyChannelAxis<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): void {
  const { rank } = sample.x;
  for (let axis = -rank; axis < rank; axis++) {
    try {
      equalsMoved(norm, sample, axis);
    } catch (error) {
      if (error instanceof MismatchError || !(error instanceof EvenkeelError)) throw error;
      if ((axis + rank) % rank !== 0) throw error;
    }
  }
}

function equalsMoved<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
  axis: number,
): void {
  const { x } = sample;
  const there = x.shape.map((_, i) => i).filter((i) => i !== 1);
  there.splice((axis + x.rank) % x.rank, 0, 1);
  const back = there.map((_, i) => there.indexOf(i));
  const options = { ...sample.options, channelAxis: axis };
  const moved = { ...sample, options, bound: norm.norm(options), x: transpose(x, there) };
  const [got, expected] = [applySample(moved), applySample(sample)];
  expectClose(`channelAxis ${axis}`, transpose(got.output, back), expected.output, tolerance);
  expectState(got.state, expected.state);
  const cotangent = cotangentOf(sample);
  const gradient = transpose(gradientsOf(moved, transpose(cotangent, there)).x, back);
  const wanted = gradientsOf(sample, cotangent).x;
  expectClose(`gradient, channelAxis ${axis}`, gradient, wanted, tolerance);
}

/** Promise 5, training: permuting the batch permutes the output and leaves the state. */
export function commutesWithPermutation<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): void {
  const order = [...random(sample.seed).permutation(sample.x.shape[0]!)];
  const expected = applySample(sample);
  const got = applySample(takeRows(norm, sample, order));
  expectClose("permuted batch", got.output, gather(expected.output, order), tolerance);
  expectState(got.state, expected.state);
}

/** Promise 5, evaluation: each sample alone gives what it gives in the batch. */
export function isIndependentOfBatch<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): void {
  const rows = Array.from({ length: sample.x.shape[0]! }, (_, i) => i);
  const alone = rows.map((i) => applySample(takeRows(norm, sample, [i])).output);
  expectClose("split batch", concat(alone), applySample(sample).output, tolerance);
}

/** Whether a sample's output is a function of that sample alone. */
export function splits<O extends object, C>(
  { batchIndependent = false }: NormCase<O, C>,
  { mode, state }: NormSample<O, C>,
): boolean {
  if (batchIndependent) return true;
  // Without running statistics, evaluation has only the batch's.
  return mode.statistics === "running" && !mode.update && Object.keys(state).length > 0;
}

function takeRows<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
  rows: readonly number[],
): NormSample<O, C> {
  const { x, condition } = sample;
  const take = norm.conditionRows ?? ((c: C) => rowsOf(c, x.shape[0]!, rows));
  const picked = condition === undefined ? condition : take(condition, rows);
  return { ...sample, x: gather(x, rows), condition: picked };
}

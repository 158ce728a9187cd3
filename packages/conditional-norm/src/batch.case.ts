import { type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { evaluation, type Mode } from "@evenkeel/norm-core";
import type { NormSample, Rejection } from "@evenkeel/testkit";

/** Whether a norm by the statistics of a batch takes a shape. */
export function acceptsBatch(
  shape: readonly number[],
  { trackRunningStats = true }: { readonly trackRunningStats?: boolean },
  { statistics, update }: Mode,
): boolean {
  const values = shape.reduce((product, n) => product * n, 1) / shape[1]!;
  return values > 1 || (statistics === "running" && !(update && trackRunningStats));
}

/** What every norm by the statistics of a batch refuses, with a condition that fits four samples. */
export function batchRejections<O, C>(id: string, fitting: C): Rejection<O, C>[] {
  const applied =
    (x: Tensor, condition: C = fitting) =>
    ({ bound, params, state }: NormSample<O, C>): unknown =>
      bound.apply(x, params, state, { condition });
  const whole = tensor(new Float64Array(12), { shape: [4, 3] });
  return [
    {
      name: "an input of rank 1",
      run: applied(zeros([3])),
      message: `${id}: expected x of rank >= 2, got shape [3].`,
    },
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
      run({ bound, x, params, state, condition }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state, { condition });
      },
      message: `${id}: expected a finite running mean, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
    {
      name: "Infinity in the running statistics",
      run({ bound, params, state, condition }) {
        const runningVar = tensor(Float64Array.of(1, Number.POSITIVE_INFINITY, 1));
        const broken = { ...state, runningVar };
        bound.apply(whole, params, broken, { mode: evaluation, condition });
      },
      message: `${id}: expected a finite running variance, got Infinity in channel 1. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.`,
    },
  ];
}

/** The misuse of conditions with an embedding of `width` numbers, for four samples. */
export function embeddingRejections<O, C extends { readonly embedding?: Tensor | undefined }>(
  id: string,
  width: number,
): Rejection<O, C>[] {
  const expected = `${id} embedding: expected shape [4, ${width}], one row per sample`;
  const hint = "Pass it in the condition.";
  const applied =
    (embedding?: Tensor) =>
    ({ bound, x, params, state }: NormSample<O, C>): unknown =>
      bound.apply(x, params, state, embedding && { condition: { embedding } as C });
  return [
    { name: "no condition", run: applied(), message: `${expected}, got none. ${hint}` },
    {
      name: "an embedding of another width",
      run: applied(zeros([4, width + 1])),
      message: `${expected}, got [4, ${width + 1}]. ${hint}`,
    },
    {
      name: "an embedding of other samples",
      run: applied(zeros([3, width])),
      message: `${expected}, got [3, ${width}]. ${hint}`,
    },
  ];
}

/**
 * For norms whose weight a small network makes in float32: where the gradient of that weight is too large
 * for float32, the network's own is made of 0 · Infinity and Infinity − Infinity.
 */
export function overflowsBefore(
  extreme: string,
  { mode }: { readonly mode: Mode },
): string | undefined {
  const huge = ["numbers near float32's largest", "one huge number"].includes(extreme);
  if (!huge || mode.statistics === "batch") return undefined;
  return "by running statistics the gradient of the weight is infinite";
}

import {
  add,
  cast,
  type DType,
  fail,
  greater,
  less,
  mul,
  reshape,
  ShapeError,
  scope,
  showShape,
  sub,
  type Tensor,
  tensor,
  transpose,
  where,
} from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import {
  type BatchStatistics,
  type Mode,
  runningStatistics,
  samplesFirst,
  type Tensors,
  updateRunning,
} from "@evenkeel/norm-core";
import { featureSimilarity } from "./feature-similarity.ts";
import type { Rectifications } from "./options.ts";

/** Taps [channels, side, side] that leave images as they are. */
export function identityTaps(channels: number, side: number, dtype: DType): Tensor {
  const area = side * side;
  const taps = Float64Array.from({ length: channels * area }, (_, i) =>
    i % area === (area - 1) / 2 ? 1 : 0,
  );
  return tensor(taps, { shape: [channels, side, side], dtype });
}

/** Refuses what a convolution of images does not take. */
export function checkImages(where: string, x: Tensor): void {
  if (x.rank === 4) return;
  fail(
    {
      where,
      expected: "x of rank 4 for an affine of more than one tap",
      got: `shape ${showShape(x.shape)}`,
      hint: "Pass affineKernel: 1 for a weight per channel.",
    },
    ShapeError,
  );
}

/** Every channel's image convolved with its own taps, zeros around; as large as before. */
export function convolveChannels(
  x: Tensor,
  channelAxis: number,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
): Tensor {
  const [channels, side] = weight.shape as [number, number];
  const taps = reshape(weight, [channels, 1, side, side]);
  const slide = { padding: (side - 1) / 2, groups: channels, bias };
  if (channelAxis === 1) return conv2d(x, taps, slide);
  const rest = [0, 1, 2, 3].filter((i) => i !== channelAxis);
  const order = [rest[0]!, channelAxis, ...rest.slice(1)];
  const back = [0, 1, 2, 3].map((i) => order.indexOf(i));
  return transpose(conv2d(transpose(x, order), taps, slide), back);
}

/** 1 where the batch is condensed, else 0; undefined where nobody asks. A constant. */
export function condensedOf(
  x: Tensor,
  channelAxis: number,
  { numBatchesTracked }: Tensors,
  { condensationThreshold, warmupUpdates }: Required<Rectifications>,
  { statistics, update }: Mode,
): Tensor | undefined {
  const asked = statistics === "batch" || update;
  if (!asked || condensationThreshold === Number.POSITIVE_INFINITY) return undefined;
  const similarity = featureSimilarity(samplesFirst(x, channelAxis).x);
  const cold = cast(less(numBatchesTracked!, warmupUpdates), similarity.dtype);
  return mul(greater(similarity, condensationThreshold), sub(1, cold));
}

/** The statistics to normalize by: running ones where the batch is condensed. */
export function usedStatistics(
  name: string,
  own: BatchStatistics,
  state: Tensors,
  condensed: Tensor,
): BatchStatistics {
  const { mean, variance } = runningStatistics(name, state, own.mean.dtype);
  return {
    mean: where(condensed, mean, own.mean),
    variance: where(condensed, variance, own.variance),
  };
}

/** The next running statistics: the old ones where the batch is condensed. */
export function nextStatistics(
  name: string,
  state: Tensors,
  batch: BatchStatistics,
  momentum: number | null,
  condensed: Tensor | undefined,
): Tensors {
  const moved = updateRunning(name, state, batch, momentum);
  if (!condensed) return moved;
  return scope(() => {
    const pick = (old: Tensor, next: Tensor): Tensor =>
      where(cast(condensed, old.dtype), old, next);
    const kept = Object.entries(moved).map(([key, next]) => [key, pick(state[key]!, next)]);
    const { numCondensed } = state;
    const inARow = mul(cast(condensed, numCondensed!.dtype), add(numCondensed!, 1));
    return { ...Object.fromEntries(kept), numCondensed: inARow };
  });
}

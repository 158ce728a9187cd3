import {
  broadcastTo,
  currentBackend,
  fail,
  reshape,
  ShapeError,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
  transpose,
  ValueError,
} from "@evenkeel/autodiff";
import { type Layout, samplePlanes } from "./layout.ts";

/** An input whose parts count differently, laid out so that each part is a plane of its own. */
export interface Masked {
  readonly x: Tensor;
  readonly layout: Layout;
  /** One weight per part, [parts, 1]: for `merge` over axis 0. */
  readonly weights: Tensor;
  /** Puts an output back into the shape that x had. */
  readonly restore: (output: Tensor) => Tensor;
}

/**
 * Lays out x so that samples, or single positions, can be left out of its statistics.
 *
 * @param mask - How much each part counts, 0 to leave it out: shape [samples], or that of x without the
 *   channel axis for one weight per position (padded sequences; costs a transposition).
 * @throws ShapeError for another shape; ValueError for weights that are negative, not finite, or leave
 *   fewer than two values, where the backend's memory can be looked at.
 */
export function maskedPlanes(where: string, x: Tensor, channelAxis: number, mask: Tensor): Masked {
  const positions = x.shape.filter((_, i) => i !== channelAxis);
  const perSample = mask.rank === 1 && mask.shape[0] === positions[0];
  if (!perSample && !sameShape(mask.shape, positions)) {
    fail(
      {
        where: `${where} mask`,
        expected: `shape [${positions[0]}] or ${showShape(positions)}`,
        got: showShape(mask.shape),
        hint: "Give one weight per sample, or one per position (x's shape without the channel axis).",
      },
      ShapeError,
    );
  }
  const channels = x.shape[channelAxis]!;
  checkWeights(where, mask, perSample ? x.size / mask.size / channels : 1);
  if (perSample && channelAxis > 0) {
    const layout = samplePlanes(x.shape, channelAxis);
    return { x, layout, weights: reshape(mask, [mask.size, 1]), restore: (y) => y };
  }
  const ones = positions.map(() => 1);
  const each = perSample ? reshape(mask, [mask.size, ...ones.slice(1)]) : mask;
  const weights = reshape(broadcastTo(each, positions), [sizeOf(positions), 1]);
  const order = x.shape.map((_, i) => i).filter((i) => i !== channelAxis);
  const last = [...order, channelAxis];
  const back = x.shape.map((_, i) => last.indexOf(i));
  const moved = transpose(x, last);
  return {
    x: reshape(moved, [weights.size, channels]),
    layout: { samples: weights.size, outer: 1, channels, inner: 1 },
    weights,
    restore: (y) => transpose(reshape(y, moved.shape), back),
  };
}

function checkWeights(where: string, mask: Tensor, each: number): void {
  if (!currentBackend().inProcess) return;
  let total = 0;
  for (const w of mask.data) total += w >= 0 ? w : Number.NaN;
  if (Number.isFinite(total) && total * each > 1) return;
  fail(
    {
      where: `${where} mask`,
      expected: "weights >= 0 that leave more than one value for each statistic",
      got: Number.isFinite(total)
        ? `a total weight of ${total * each}`
        : "a negative or non-finite one",
    },
    ValueError,
  );
}

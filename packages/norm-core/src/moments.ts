import {
  type Axes,
  add,
  broadcastTo,
  concat,
  div,
  mean as meanOf,
  mul,
  reshape,
  square,
  sub,
  sum,
  Tensor,
  type Value,
  where,
  zerosLike,
} from "@evenkeel/autodiff";

/**
 * What is known of some numbers: how many, their mean, and M2 = Σ (x − mean)². Each may hold one entry
 * per plane, channel or group. Moments of parts merge into the moments of the whole, exactly: over
 * axes, micro-batches, workers, with masks or weights.
 */
export interface Moments {
  /** How many numbers; with weights, their total weight. Broadcasts to `mean`. */
  readonly count: Value;
  readonly mean: Tensor;
  readonly m2: Tensor;
}

/** M2 / count: the biased variance, with which norms normalize. */
export function variance({ count, m2 }: Moments): Tensor {
  return div(m2, count);
}

/** M2 / (count − 1): the unbiased variance, which PyTorch stores. Not finite for one number. */
export function unbiasedVariance({ count, m2 }: Moments): Tensor {
  return div(m2, typeof count === "number" ? count - 1 : sub(count, 1));
}

export interface MergeOptions {
  /** Axes along which parts are joined. */
  readonly axes: Axes;
  /** Leave axes of size 1 in their place. Default true, so that the result broadcasts back. */
  readonly keepDims?: boolean;
  /**
   * How much each part counts; 0 leaves it out (a mask). Broadcasts to `mean`. A weight counts every
   * number of the part that often. Default 1.
   */
  readonly weights?: Tensor | undefined;
}

/**
 * The moments of all parts along some axes together (Chan, Golub and LeVeque, 1979).
 *
 *     n = Σ wᵢ nᵢ     mean = Σ wᵢ nᵢ meanᵢ / n     M2 = Σ wᵢ (M2ᵢ + nᵢ (meanᵢ − mean)²)
 *
 * @returns Moments whose axes have size 1, or are gone without `keepDims`.
 */
export function merge(parts: Moments, { axes, keepDims = true, weights }: MergeOptions): Moments {
  const { mean, m2 } = parts;
  const over = { axes, keepDims: true };
  const equal = weights === undefined && typeof parts.count === "number";
  // Equal counts: plain averages, and no tensors of counts.
  if (equal) {
    const count = parts.count as number;
    const center = meanOf(mean, over);
    const joined = sum(add(m2, mul(count, square(sub(mean, center)))), over);
    const many = mean.size / center.size;
    return shaped({ count: count * many, mean: center, m2: joined }, axes, keepDims);
  }
  const w = weights ?? 1;
  // What weighs 0 may be anything, NaN too, and 0 times NaN is NaN.
  const seen = (x: Tensor): Tensor => (weights ? where(weights, x, 0) : x);
  const n = mul(spread(parts.count, zerosLike(mean)), w);
  const count = sum(n, over);
  const center = div(sum(mul(n, seen(mean)), over), count);
  const joined = sum(add(mul(w, seen(m2)), mul(n, square(sub(seen(mean), center)))), over);
  return shaped({ count, mean: center, m2: joined }, axes, keepDims);
}

/** One count per entry. */
function spread(count: Value, zeros: Tensor): Tensor {
  return add(zeros, count);
}

function shaped({ count, mean, m2 }: Moments, axes: Axes, keepDims: boolean): Moments {
  if (keepDims) return { count, mean, m2 };
  const drop = (x: Tensor): Tensor => sum(x, { axes });
  return { count: count instanceof Tensor ? drop(count) : count, mean: drop(mean), m2: drop(m2) };
}

/**
 * The moments of groups of neighbouring channels, each group's in the place of all its channels.
 *
 * @param parts - Of shape [samples, channels], with a plain number as count.
 */
export function mergeGroups(parts: Moments, numGroups: number): Moments {
  const [samples, channels] = parts.mean.shape as [number, number];
  const split = (x: Tensor): Tensor => reshape(x, [samples, numGroups, channels / numGroups]);
  const { count, mean, m2 } = merge(
    { count: parts.count, mean: split(parts.mean), m2: split(parts.m2) },
    { axes: 2 },
  );
  const back = (x: Tensor): Tensor =>
    reshape(broadcastTo(x, [samples, numGroups, channels / numGroups]), [samples, channels]);
  return { count, mean: back(mean), m2: back(m2) };
}

/**
 * The moments of a list of parts together: micro-batches, workers' shards, batches of the past. They
 * may have different counts; their means have one shape.
 */
export function mergeAll(list: readonly Moments[], weights?: readonly Value[]): Moments {
  const rows = (pick: (m: Moments, i: number) => Value): Tensor =>
    concat(
      list.map((m, i) => reshape(spread(pick(m, i), zerosLike(m.mean)), [1, ...m.mean.shape])),
      0,
    );
  return merge(
    { count: rows((m) => m.count), mean: rows((m) => m.mean), m2: rows((m) => m.m2) },
    { axes: 0, keepDims: false, weights: weights && rows((_, i) => weights[i] ?? 1) },
  );
}

/**
 * The moments of a tensor's elements over axes, each weighted.
 *
 * @param options.weights - Broadcasts to x; 0 leaves an element out. Default 1 each.
 */
export function momentsOf(x: Tensor, options: MergeOptions): Moments {
  return merge({ count: 1, mean: x, m2: zerosLike(x) }, options);
}

import { broadcastTo, concat, reshape, slice, type Tensor, tensor } from "@evenkeel/autodiff";
import { type Layout, type Moments, merge, samplePlanes, samplesFirst } from "@evenkeel/norm-core";

// A batch in parts of neighboring samples: the chunks of ghost batch norm, the replicas of synchronized.

/** Parts alike that follow each other: how many, and how many planes each has. */
export interface Segment {
  readonly parts: number;
  readonly planes: number;
}

/** An input as planes of neighboring samples, of which every part has a whole number. */
export interface Parts {
  readonly x: Tensor;
  readonly layout: Layout;
  readonly segments: readonly Segment[];
  /** Puts an output back into the shape that x had. */
  readonly restore: (output: Tensor) => Tensor;
}

/**
 * Cuts x into parts along its samples. Planes take in as many samples as divide every part: big memory is
 * read as it lies, and what there is one of per plane stays small.
 *
 * @param sizes - Samples of each part, >= 1; together those of x.
 */
export function partPlanes(x: Tensor, channelAxis: number, sizes: readonly number[]): Parts {
  const { x: ordered, axis, restore } = samplesFirst(x, channelAxis);
  const { samples, outer, ...rest } = samplePlanes(ordered.shape, axis);
  const unit = sizes.reduce(greatestDivisor);
  const layout = { ...rest, samples: samples / unit, outer: outer * unit };
  return { x: ordered, layout, segments: segmentsOf(sizes, unit), restore };
}

/** Parts of given sizes in planes of `unit` samples. */
export function segmentsOf(sizes: readonly number[], unit: number): Segment[] {
  const segments: Segment[] = [];
  for (const size of sizes) {
    const [planes, last] = [size / unit, segments.at(-1)];
    if (last?.planes === planes) segments[segments.length - 1] = { parts: last.parts + 1, planes };
    else segments.push({ parts: 1, planes });
  }
  return segments;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The moments of every part, [parts, channels], from those of the planes. */
export function momentsOfParts(planes: Moments, segments: readonly Segment[]): Moments {
  const each = planes.count as number;
  let from = 0;
  const merged = segments.map(({ parts, planes: n }) => {
    const start = from;
    from += parts * n;
    const split = (t: Tensor): Tensor =>
      reshape(slice(t, [start], [start + parts * n]), [parts, n, ...t.shape.slice(1)]);
    const { mean, m2 } = planes;
    return merge({ count: each, mean: split(mean), m2: split(m2) }, { axes: 1, keepDims: false });
  });
  if (merged.length === 1) return merged[0]!;
  const counts = segments.flatMap(({ parts, planes: n }) =>
    new Array<number>(parts).fill(n * each),
  );
  const { dtype } = planes.mean;
  return {
    count: tensor(counts, { shape: [counts.length, 1], dtype }),
    mean: concat(merged.map((m) => m.mean)),
    m2: concat(merged.map((m) => m.m2)),
  };
}

/** One row per part, [parts, channels], in the place of each of its planes. */
export function spreadParts(rows: Tensor, segments: readonly Segment[]): Tensor {
  const channels = rows.shape[1]!;
  let from = 0;
  const wide = segments.map(({ parts, planes }) => {
    const own = reshape(slice(rows, [from], [from + parts]), [parts, 1, channels]);
    from += parts;
    return reshape(broadcastTo(own, [parts, planes, channels]), [parts * planes, channels]);
  });
  return wide.length === 1 ? wide[0]! : concat(wide);
}

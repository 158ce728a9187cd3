import {
  broadcastTo,
  cast,
  currentBackend,
  fail,
  reshape,
  ShapeError,
  showShape,
  type Tensor,
  transpose,
  ValueError,
} from "@evenkeel/autodiff";
import {
  type BatchStatistics,
  batchPlanes,
  checkInput,
  type Layout,
  type PlaneMap,
  standardMap,
  type Tensors,
} from "@evenkeel/norm-core";

/** An input whose planes are runs that belong to one group and to one channel, in the order of a sample. */
export interface Runs {
  readonly x: Tensor;
  readonly layout: Layout;
  /** Values of a sample in each group. */
  readonly groupSize: number;
  /** Puts an output back into the shape that x had. */
  readonly restore: (output: Tensor) => Tensor;
}

/** Kernels go along runs, or across single values; shorter runs than this are slower than either. */
const SHORT = 16;

/**
 * Lays out x for statistics of groups. Groups of whole channels are read as they lie. Others need each
 * sample's channels one after the other, which only another axis than 1 makes a transposition; their runs are
 * as long as the greatest common divisor of a group and a channel, or single values.
 */
export function runsOf(
  where: string,
  x: Tensor,
  options: {
    readonly numFeatures: number;
    readonly numGroups: number;
    readonly channelAxis: number;
  },
): Runs {
  const { numFeatures, numGroups } = options;
  const channelAxis = checkInput(where, x, options);
  const samples = x.shape[channelAxis === 0 ? 1 : 0]!;
  const size = x.size / samples;
  const groupSize = size / numGroups;
  if (!Number.isInteger(groupSize)) refuseGroups(where, x, size, options);
  if (numFeatures % numGroups === 0) {
    return { x, layout: batchPlanes(x.shape, channelAxis), groupSize, restore: (y) => y };
  }
  const shared = greatestDivisor(groupSize, size / numFeatures);
  const inner = shared < SHORT ? 1 : shared;
  const layout = { samples: 1, outer: samples, channels: size / inner, inner };
  return { ...channelsFirst(x, channelAxis), layout, groupSize };
}

/** x as [samples, channels, …space]. */
function channelsFirst(x: Tensor, channelAxis: number): Pick<Runs, "x" | "restore"> {
  if (channelAxis === 1) return { x, restore: (y) => y };
  const [samples, ...space] = x.shape.map((_, i) => i).filter((i) => i !== channelAxis);
  const order = [samples!, channelAxis, ...space];
  const back = x.shape.map((_, i) => order.indexOf(i));
  return { x: transpose(x, order), restore: (y) => transpose(y, back) };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function refuseGroups(
  where: string,
  x: Tensor,
  size: number,
  { numFeatures, numGroups }: { readonly numFeatures: number; readonly numGroups: number },
): never {
  return fail(
    {
      where,
      expected: `numGroups that divides the ${size} values of a sample`,
      got: `${numGroups} for x of shape ${showShape(x.shape)}`,
      hint: `A divisor of numFeatures ${numFeatures} fits every image size.`,
    },
    ShapeError,
  );
}

/**
 * Refuses another length of groups than the running statistics are of.
 *
 * @param state - With a `groupSize` where it matters; 0 before the first batch.
 */
export function checkGroupSize(where: string, { groupSize }: Tensors, size: number): void {
  if (!groupSize || !currentBackend().inProcess) return;
  const known = groupSize.data[0]!;
  if (known === 0 || known === size) return;
  fail(
    {
      where,
      expected: `groups of ${known} values in each sample, as in the running statistics`,
      got: String(size),
      hint: "Keep the image size, or take numGroups that divides the channels.",
    },
    ValueError,
  );
}

/** The map of every run, from statistics of the groups and an affine of the channels. */
export function groupMap(
  { mean, variance }: BatchStatistics,
  { weight, bias }: Tensors,
  eps: number,
  { channels }: Layout,
): PlaneMap {
  const spread = (t: Tensor): Tensor => {
    const [parts, each] = [t.size, channels / t.size];
    const wide = broadcastTo(reshape(cast(t, mean.dtype), [parts, 1]), [parts, each]);
    return reshape(wide, [channels]);
  };
  const affine = { weight: weight && spread(weight), bias: bias && spread(bias) };
  return standardMap(spread(mean), spread(variance), eps, affine);
}

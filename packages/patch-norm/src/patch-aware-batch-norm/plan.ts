import type { Random } from "@evenkeel/autodiff";

/** A partition of images into rectangles, and by which statistics each of them is normalized. */
export interface PatchVersion {
  /** The first row of the lower patches; left out, that cut is not made. */
  readonly rowSplit?: number | undefined;
  /** The first column of the right patches; left out, that cut is not made. */
  readonly colSplit?: number | undefined;
  /**
   * For each patch, row by row, and channel: 1 for the patch's own statistics, 0 for the running ones as they
   * are just before the patch. Default: 1.
   */
  readonly ownStatistics?: readonly ArrayLike<number>[] | undefined;
}

/** Every random choice of one call of patch-aware batch norm. */
export interface PatchPlan {
  /** The version that moves the running statistics, patch after patch. */
  readonly first: PatchVersion;
  /** The version that is made after it and moves nothing. Default: the first is all of the output. */
  readonly second?: PatchVersion | undefined;
  /** For each channel: 1 where the output is the second version. Default: 0. */
  readonly useSecond?: ArrayLike<number> | undefined;
}

/** What a plan is made for. */
export interface PlanSizes {
  /** Values at each position: samples, and what axes there are beside the last two. */
  readonly depth: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The probabilities of a plan's choices. */
export interface PlanChances {
  /** Of a patch's channel to be normalized by the patch's own statistics. */
  readonly statProb: number;
  /** Of a channel to come from the second version. */
  readonly channelProb: number;
}

interface Cut {
  readonly row?: boolean;
  readonly col?: boolean;
}

/** Rows or columns at which a side may be cut: those of its middle half, of sides above 4. */
function splitsOf(side: number): readonly number[] {
  const quarter = Math.floor(side / 4);
  return side > 4 ? Array.from({ length: 2 * quarter }, (_, i) => quarter + i) : [];
}

/** Whole, halves and quarters, each with the cuts that leave more than one value in every patch. */
function partitionsOf({ depth, height, width }: PlanSizes): readonly (readonly Cut[])[] {
  // The smallest patch is the one before the first split.
  const [row = 0, col = 0] = [splitsOf(height)[0], splitsOf(width)[0]];
  const leaves = (h: number, w: number): boolean => depth * h * w > 1;
  const halves = [
    ...(leaves(height, col) ? [{ col: true }] : []),
    ...(leaves(row, width) ? [{ row: true }] : []),
  ];
  const quarters = leaves(row, col) ? [{ row: true, col: true }] : [];
  return [[{}], halves, quarters].filter((cuts) => cuts.length > 0);
}

/**
 * Draws the choices of one call: two different ones of whole, halves and quarters where the image is large
 * enough (sides are cut from 5 on), else the whole alone; where to cut; and the masks.
 *
 * @param random - Drawn from in that order, the first version before the second.
 *
 * @example
 * const sizes = { depth: 8, channels: 3, height: 16, width: 16 }; // of x [8, 3, 16, 16]
 * const plan = drawPatchPlan(sizes, { statProb: 0.5, channelProb: 0.5 }, random(1));
 */
export function drawPatchPlan(
  sizes: PlanSizes,
  { statProb, channelProb }: PlanChances,
  random: Random,
): PatchPlan {
  const flags = (probability: number): number[] =>
    Array.from({ length: sizes.channels }, () => (random.next() < probability ? 1 : 0));
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const partitions = partitionsOf(sizes);
  const order = [...random.permutation(partitions.length)].slice(0, 2);
  const versions = order.map((i): PatchVersion => {
    const { row = false, col = false } = pick(partitions[i]!);
    const rowSplit = row ? pick(splitsOf(sizes.height)) : undefined;
    const colSplit = col ? pick(splitsOf(sizes.width)) : undefined;
    const patches = Array.from({ length: (row ? 2 : 1) * (col ? 2 : 1) });
    return { rowSplit, colSplit, ownStatistics: patches.map(() => flags(statProb)) };
  });
  const [first, second] = versions;
  return second ? { first: first!, second, useSecond: flags(channelProb) } : { first: first! };
}

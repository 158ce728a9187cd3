import {
  axis,
  count,
  flag,
  nonNegative,
  type OptionRule,
  type OptionRules,
} from "@evenkeel/norm-core";

/** Options of `movingAverageBatchNorm`; those that batch norm has too are called as there. */
export interface MovingAverageBatchNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /** How many batches are averaged, the current one among them. Default 16. */
  readonly bufferSize?: number;
  /** Training batches before averages take the place of the batch's own statistics. Default 100. */
  readonly warmupIters?: number;
  /** Training batches before the output is corrected towards the running statistics. Default 1000. */
  readonly rStart?: number;
  /** The correction's factor is kept from 1 / rClip to rClip. Default 5. */
  readonly rClip?: number;
  /** Added to the mean of x², inside the root. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new statistics in the running ones (the published code writes one minus it). Default 0.02. */
  readonly momentum?: number;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

function number(
  fallback: number,
  expected: string,
  legal: (v: number) => boolean,
): OptionRule<number> {
  return {
    fallback,
    expected,
    legal: (v) => typeof v === "number" && Number.isFinite(v) && legal(v),
  };
}

const wholeFromZero = (v: number): boolean => Number.isInteger(v) && v >= 0;

export const rules: OptionRules<MovingAverageBatchNormOptions> = {
  numFeatures: count(),
  bufferSize: count(16),
  warmupIters: number(100, "a whole number >= 0", wholeFromZero),
  rStart: number(1000, "a whole number >= 0", wholeFromZero),
  rClip: number(5, "a number >= 1", (v) => v >= 1),
  eps: nonNegative(1e-5),
  momentum: number(0.02, "a number from 0 to 1", (v) => v >= 0 && v <= 1),
  affine: flag(true),
  channelAxis: axis(1),
};

import { fail, OptionError } from "@evenkeel/autodiff";
import {
  axis,
  count,
  counts,
  finite,
  flag,
  fractionOrNull,
  nonNegative,
  type OptionRule,
  type OptionRules,
  oneOf,
} from "@evenkeel/norm-core";

/** Options of `crossIterationBatchNorm`; those that batch norm has too are called as there. */
export interface CrossIterationBatchNormOptions {
  /** Number of channels. */
  readonly numFeatures: number;
  /**
   * Shape of one filter of the layer that makes x: [in channels / groups, height, width] of a convolution,
   * [in features] of a linear layer. With it the norm is told of the layer and follows its weight; null
   * averages statistics as they were. Default null.
   */
  readonly filterShape?: readonly number[] | null;
  /** Groups of that convolution. Default 1. */
  readonly groups?: number;
  /** How many earlier batches count besides the current one. Default 3, a window of 4. */
  readonly bufferNum?: number;
  /** How much of the change of weight is followed; 0 averages statistics as they were. Default 1. */
  readonly rho?: number;
  /** Training batches before the window opens. Default 8. */
  readonly burnIn?: number;
  /** Open the whole window at once after `burnIn`; false widens it step by step until then. Default true. */
  readonly twoStage?: boolean;
  /** Whether eps is added to the standard deviation or, inside the root, to the variance. Default "outside". */
  readonly epsMode?: "outside" | "inside";
  /**
   * An entry whose variance would be below 0 under today's weight: left out of that channel, or counted
   * with variance 0. Default "drop".
   */
  readonly negativeVarianceRule?: "drop" | "max";
  /** See `epsMode`. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics; null averages over all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias per channel. Default true. */
  readonly affine?: boolean;
  /** Where the channels are; negative counts from the end. Default 1. */
  readonly channelAxis?: number;
}

const shapeOrNull: OptionRule<readonly number[] | null> = {
  fallback: null,
  expected: "a list of whole numbers >= 1, or null",
  legal: (v) => v === null || (Array.isArray(v) && counts().legal(v)),
};

const wholeFromZero: OptionRule<number> = {
  fallback: 8,
  expected: "a whole number >= 0",
  legal: (v) => v === 0 || count().legal(v),
};

export const rules: OptionRules<CrossIterationBatchNormOptions> = {
  numFeatures: count(),
  filterShape: shapeOrNull,
  groups: count(1),
  bufferNum: count(3),
  rho: finite(1),
  burnIn: wholeFromZero,
  twoStage: flag(true),
  epsMode: oneOf(["outside", "inside"], "outside"),
  negativeVarianceRule: oneOf(["drop", "max"], "drop"),
  eps: nonNegative(1e-5),
  momentum: fractionOrNull(0.1),
  affine: flag(true),
  channelAxis: axis(1),
};

/** Refuses groups that leave no whole number of channels to each. */
export function checkGroups(
  where: string,
  { numFeatures, groups }: Required<CrossIterationBatchNormOptions>,
): void {
  if (numFeatures % groups === 0) return;
  fail(
    {
      where: `${where} groups`,
      expected: `a divisor of numFeatures (${numFeatures})`,
      got: String(groups),
    },
    OptionError,
  );
}

import { fail, OptionError } from "@evenkeel/autodiff";
import { count, flag, type OptionRule, type OptionRules } from "@evenkeel/norm-core";

/** What unified batch norm does to batch norm; each part can be left out. */
export interface Rectifications {
  /**
   * Batches whose `featureSimilarity` is above it are condensed: running statistics leave them out. A number
   * from −1 to 1; Infinity for none, which saves two passes over x.
   */
  readonly condensationThreshold: number;
  /** Normalize a condensed batch by running statistics; false: by its own. Default true. */
  readonly condensedByRunning?: boolean;
  /** So many batches are taken in first, however alike their samples are. Default 1. */
  readonly warmupUpdates?: number;
  /** Shift each sample by its own channel means before, as representative batch norm. Default true. */
  readonly centering?: boolean;
  /** Gate each sample's channels by their means after, as representative batch norm. Default true. */
  readonly scaling?: boolean;
  /** Side of the depthwise convolution that is the affine, odd; 1 for a weight per channel. Default 3. */
  readonly affineKernel?: number;
}

const threshold: OptionRule<number> = {
  expected: "a number, or Infinity for no threshold",
  legal: (v) => typeof v === "number" && !Number.isNaN(v),
};
const updates: OptionRule<number> = {
  fallback: 1,
  expected: "a whole number >= 0",
  legal: (v) => Number.isInteger(v) && (v as number) >= 0,
};

/** The rules of `Rectifications`. */
export const rectificationRules: OptionRules<Rectifications> = {
  condensationThreshold: threshold,
  condensedByRunning: flag(true),
  warmupUpdates: updates,
  centering: flag(true),
  scaling: flag(true),
  affineKernel: count(3),
};

/** Refuses kernels without a center. */
export function checkKernel(where: string, side: number): void {
  if (side % 2 === 1) return;
  fail(
    { where: `${where} affineKernel`, expected: "an odd number", got: String(side) },
    OptionError,
  );
}

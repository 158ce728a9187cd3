import { fail, OptionError, show } from "@evenkeel/autodiff";
import { effectiveNumber } from "../effective-number.ts";
import type { Spectrum } from "./spectrum.ts";

/** How many singular values of a spectrum are above a threshold. */
export interface FrequencyRanks {
  /** [height, width]. */
  readonly perFrequency: Int32Array;
  readonly total: number;
  /** Frequencies with at least one. */
  readonly activeFrequencies: number;
}

/**
 * The rank at each frequency: the number of singular values above a threshold.
 *
 *     rank(u, v) = #{i : values(u, v)[i] > threshold}
 *
 * **When to use.** An absolute threshold suits weights of almost minimal norm, whose kept directions have
 * values near 1. Otherwise take a share of the largest: `frequencyRanks(s, 0.2 * largestValue(s))`.
 *
 * @throws OptionError for a threshold below 0 or NaN.
 *
 * @example
 * const s = activationSpectrum(random(1).normal([8, 4, 6, 6]));
 * frequencyRanks(s, 0.1 * largestValue(s)).perFrequency.length; // 36
 */
export function frequencyRanks(spectrum: Spectrum, threshold: number): FrequencyRanks {
  if (!(threshold >= 0)) {
    const where = "frequencyRanks threshold";
    fail({ where, expected: "a number >= 0", got: show(threshold) }, OptionError);
  }
  const perFrequency = Int32Array.from(frequencies(spectrum), (values) =>
    values.reduce((rank, s) => rank + (s > threshold ? 1 : 0), 0),
  );
  return {
    perFrequency,
    total: perFrequency.reduce((sum, rank) => sum + rank, 0),
    activeFrequencies: perFrequency.filter((rank) => rank > 0).length,
  };
}

/** The largest singular value at any frequency. */
export function largestValue({ values }: Spectrum): number {
  return values.reduce((largest, s) => Math.max(largest, s), 0);
}

/**
 * The energy at each frequency, [height, width]: the sum of the squared singular values, which is the squared
 * Frobenius norm of the matrix there. Divided by its sum it is the share of each frequency.
 */
export function frequencyEnergies(spectrum: Spectrum): Float64Array {
  return Float64Array.from(frequencies(spectrum), (values) =>
    values.reduce((sum, s) => sum + s * s, 0),
  );
}

/**
 * The effective rank at each frequency, [height, width]: how many directions there are, counted without a
 * threshold; 0 where all values are 0.
 *
 *     exp(−Σ p·log p),   p = values / Σ values
 */
export function effectiveRanks(spectrum: Spectrum): Float64Array {
  return Float64Array.from(frequencies(spectrum), effectiveNumber);
}

/**
 * How many of all directions at all frequencies carry the energy, counted without a threshold; 0 for zeros.
 *
 *     (Σ s²)² / Σ s⁴
 */
export function participationRatio({ values }: Spectrum): number {
  const largest = values.reduce((most, s) => Math.max(most, s), 0);
  let [squares, fourths] = [0, 0];
  for (const s of values) {
    const square = (s / (largest || 1)) ** 2;
    squares += square;
    fourths += square * square;
  }
  return squares ** 2 / (fourths || 1);
}

function* frequencies({ values, count }: Spectrum): Iterable<Float64Array> {
  for (let at = 0; at < values.length; at += count) yield values.subarray(at, at + count);
}

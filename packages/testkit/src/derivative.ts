/** A derivative found by differences, and how far it can be trusted. */
export interface Difference {
  readonly value: number;
  /** Disagreement of the stencils: large where the function is not smooth or too noisy. */
  readonly doubt: number;
  readonly step: number;
  /** Slopes to the left and to the right, for the message where they disagree. */
  readonly left: number;
  readonly right: number;
}

/** 2⁻⁷: with stencils of 6th order truncation is then far below every tolerance. */
const FIRST_STEP = 0.0078125;
const SHRINK = 8;
const LEVELS = 4;

/**
 * f′(0) by central differences.
 *
 *     6th order: [45 (f₁ − f₋₁) − 9 (f₂ − f₋₂) + (f₃ − f₋₃)] / 60h       f_i = f(i h)
 *     4th order: [ 8 (f₁ − f₋₁) −   (f₂ − f₋₂)] / 12h
 *
 * Doubt is the larger of two residuals that vanish for smooth f: the difference of the two orders
 * (a kink beside 0), and the sixth difference of the even part (a kink at 0, which central
 * differences alone cannot see). The step shrinks until the doubt is at most `trust(step)`.
 */
export function derivative(
  f: (s: number) => number,
  trust: (step: number) => number,
  firstStep: number = FIRST_STEP,
): Difference {
  const f0 = f(0);
  let best: Difference | undefined;
  let h = firstStep;
  for (let level = 0; level < LEVELS; level++, h /= SHRINK) {
    const found = central(f, f0, h);
    if (!best || found.doubt < best.doubt || Number.isNaN(best.doubt)) best = found;
    if (found.doubt <= trust(h)) return found;
  }
  return best!;
}

function central(f: (s: number) => number, f0: number, h: number): Difference {
  const plus = [1, 2, 3].map((i) => f(i * h)) as [number, number, number];
  const minus = [1, 2, 3].map((i) => f(-i * h)) as [number, number, number];
  const odd = (i: 0 | 1 | 2): number => plus[i] - minus[i];
  const even = (i: 0 | 1 | 2): number => plus[i] + minus[i] - 2 * f0;
  const sixth = (45 * odd(0) - 9 * odd(1) + odd(2)) / (60 * h);
  const fourth = (8 * odd(0) - odd(1)) / (12 * h);
  const unevenness = Math.abs(even(2) - 6 * even(1) + 15 * even(0)) / (12 * h);
  return {
    value: sixth,
    doubt: Math.max(Math.abs(sixth - fourth), unevenness),
    step: h,
    left: (f0 - minus[0]) / h,
    right: (plus[0] - f0) / h,
  };
}

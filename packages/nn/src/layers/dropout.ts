import { fail, mul, OptionError, type Random, show, type Tensor, tensor } from "@evenkeel/autodiff";
import { checkOptions, type OptionRules } from "@evenkeel/norm-core";
import { Module } from "../module.ts";
import { type DrawOptions, drawRules, fraction, streamOf } from "../rules.ts";

/**
 * Sets each element to 0 with probability p and divides the others by 1 − p, so that the mean stays.
 *
 * @param p - From 0 to below 1.
 * @param random - Drawn from once per element.
 *
 * @example
 * dropout(ones([1000]), 0.2, random(1)); // about 200 zeros, the rest 1.25
 */
export function dropout(x: Tensor, p: number, random: Random): Tensor {
  const { legal, expected } = dropoutRules.p;
  if (!legal(p)) fail({ where: "dropout p", expected, got: show(p) }, OptionError);
  if (p === 0) return x;
  const mask = new Float64Array(x.size);
  for (let i = 0; i < mask.length; i++) mask[i] = random.next() < p ? 0 : 1 / (1 - p);
  return mul(x, tensor(mask, { shape: x.shape, dtype: x.dtype }));
}

export interface DropoutOptions extends Omit<DrawOptions, "dtype"> {
  /** Probability of an element to become 0. Default 0.5. */
  readonly p?: number;
}
const dropoutRules: OptionRules<DropoutOptions> = {
  p: fraction(0.5, true),
  random: drawRules.random,
  seed: drawRules.seed,
};

/**
 * Dropout in training, x itself in evaluation; see `dropout`.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * new Dropout({ p: 0.2, seed: 1 });
 */
export class Dropout extends Module {
  readonly p: number;
  private readonly random: Random;

  constructor(options: DropoutOptions = {}) {
    super();
    const checked = checkOptions("Dropout", options, dropoutRules);
    this.p = checked.p;
    this.random = streamOf(checked);
  }

  override forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.p, this.random) : x;
  }
}

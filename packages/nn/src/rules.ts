import { type DType, type Random, random, Tensor } from "@evenkeel/autodiff";
import type { OptionRule } from "@evenkeel/norm-core";
import type { Pair } from "./ops/window.ts";

/** A whole number >= `least` or a pair of them. */
export function pair(least: number, fallback?: Pair): OptionRule<Pair> {
  const whole = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= least;
  return {
    expected: `a whole number >= ${least} or a pair [vertical, horizontal]`,
    legal: (v) => whole(v) || (Array.isArray(v) && v.length === 2 && v.every(whole)),
    ...(fallback !== undefined && { fallback }),
  };
}

/** A number from 0 to 1, the upper end excluded where `open`. */
export function fraction(fallback: number, open = false): OptionRule<number> {
  return {
    fallback,
    expected: open ? "a number >= 0 and < 1" : "a number from 0 to 1",
    legal: (v) => typeof v === "number" && v >= 0 && (open ? v < 1 : v <= 1),
  };
}

export const maybeTensor: OptionRule<Tensor | undefined> = {
  expected: "a tensor",
  legal: (v) => v === undefined || v instanceof Tensor,
};

const kinds: readonly unknown[] = ["float32", "float64"] satisfies DType[];

/** Where a layer's first numbers come from. */
export interface DrawOptions {
  /** The stream to draw from. Default: one made from `seed`, else a stream all layers share. */
  readonly random?: Random | undefined;
  /** Any whole number; only where `random` is not given. */
  readonly seed?: number | undefined;
  /** Of the parameters. Default "float32". */
  readonly dtype?: DType;
}

/** The rules of `DrawOptions`, spread into those of a layer. */
export const drawRules: {
  readonly random: OptionRule<Random | undefined>;
  readonly seed: OptionRule<number | undefined>;
  readonly dtype: OptionRule<DType>;
} = {
  random: {
    expected: "a stream made by random(seed)",
    legal: (v) => v === undefined || typeof (v as Random | null)?.next === "function",
  },
  seed: { expected: "a whole number", legal: (v) => v === undefined || Number.isInteger(v) },
  dtype: {
    fallback: "float32",
    expected: '"float32" or "float64"',
    legal: (v) => kinds.includes(v),
  },
};

let shared: Random = random(0);

/**
 * Starts the stream that layers without `random` and `seed` share anew. It begins at seed 0, so a
 * program that builds its layers in one order gets the same numbers every time.
 *
 * @example
 * manualSeed(42);
 * const model = new Sequential(new Linear({ inFeatures: 4, outFeatures: 2 }));
 */
export function manualSeed(seed: number): void {
  shared = random(seed);
}

/** The stream that the options ask for. */
export function streamOf(options: Pick<DrawOptions, "random" | "seed">): Random {
  return options.random ?? (options.seed === undefined ? shared : random(options.seed));
}

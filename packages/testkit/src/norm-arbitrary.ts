import type { Shape } from "@evenkeel/autodiff";
import type { Mode } from "@evenkeel/norm-core";
import fc, { type Arbitrary } from "fast-check";
import { seeds } from "./arbitrary.ts";
import type { NormCase, NormSample } from "./norm-case.ts";
import { drawSample, modesOf } from "./norm-sample.ts";

export interface SampleLimits {
  readonly modes?: readonly Mode[] | undefined;
  /** Sizes of axes from 2: fewer values make some methods constant. */
  readonly roomy?: boolean;
  readonly maxRank?: number;
  /** Draw what the case does not accept, instead of what it does. */
  readonly refused?: boolean;
}

/** Calls of a case's norm, over its shapes, options and modes. */
export function samples<O extends object, C>(
  norm: NormCase<O, C>,
  limits: SampleLimits = {},
): Arbitrary<NormSample<O, C>> {
  const { refused = false, modes = modesOf(norm) } = limits;
  return fc
    .tuple(shapesOf(norm, limits), fc.nat({ max: 999 }), fc.constantFrom(...modes), seeds())
    .map(([shape, pick, mode, seed]) => {
      const list = norm.options(shape[1]!, shape);
      const options = list[pick % list.length]!;
      return { shape, options, mode, seed, empty: list.length === 0 };
    })
    .filter(({ shape, options, mode, empty }) => {
      if (empty) return false;
      return (norm.accepts?.(shape, options, mode) ?? true) !== refused;
    })
    .map(({ shape, options, mode, seed }) => drawSample(norm, shape, options, mode, seed));
}

function shapesOf<O extends object, C>(
  { shapes = {} }: NormCase<O, C>,
  { roomy = false, maxRank = 5 }: SampleLimits,
): Arbitrary<Shape> {
  const least = roomy ? 2 : 1;
  const ranks = (shapes.ranks ?? [2, 3, 4, 5]).filter((r) => r <= maxRank);
  const sizes = (list: readonly number[]): Arbitrary<number> => {
    const large = list.filter((n) => n >= least);
    return fc.constantFrom(...(large.length > 0 ? large : list));
  };
  const side = sizes(shapes.side ?? [1, 2, 3]);
  return fc
    .tuple(
      fc.constantFrom(...(ranks.length > 0 ? ranks : (shapes.ranks ?? []))),
      sizes(shapes.batch ?? [1, 2, 3, 4, 5]),
      sizes(shapes.channels ?? [1, 2, 3, 4]),
      fc.array(side, { minLength: 8, maxLength: 8 }),
    )
    .map(([rank, batch, channels, space]) => [batch, channels, ...space.slice(0, rank - 2)]);
}

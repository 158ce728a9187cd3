import {
  add,
  cast,
  type DType,
  mul,
  ones,
  type Random,
  type Tensor,
  zeros,
} from "@evenkeel/autodiff";
import { nonNegative, type OptionRule, type Tensors } from "@evenkeel/norm-core";

/** How far the first gammas spread. */
export interface SandwichInit {
  /** Standard deviation of the first `gammaEmbed` around 1. Default 0.02. */
  readonly gammaStd?: number;
  /** Standard deviation of the first `sharedGamma` around 1. */
  readonly sharedGammaStd?: number;
}

/** The rules of `SandwichInit`. */
export function sandwichInit(sharedGammaStd: number): {
  readonly gammaStd: OptionRule<number>;
  readonly sharedGammaStd: OptionRule<number>;
} {
  return { gammaStd: nonNegative(0.02), sharedGammaStd: nonNegative(sharedGammaStd) };
}

/** The shared affine [channels] and one more for each row [rows, channels]. */
export function initSandwich(
  [rows, channels]: readonly [rows: number, channels: number],
  { gammaStd, sharedGammaStd }: Required<SandwichInit>,
  dtype: DType,
  random: Random,
): Tensors {
  const around = (shape: readonly number[], std: number): Tensor =>
    std > 0 ? random.normal(shape, { mean: 1, std, dtype }) : ones(shape, { dtype });
  return {
    sharedGamma: around([channels], sharedGammaStd),
    sharedBeta: zeros([channels], { dtype }),
    gammaEmbed: around([rows, channels], gammaStd),
    betaEmbed: zeros([rows, channels], { dtype }),
  };
}

/**
 * Both affines as one: Γ·(γ·x̂ + β) + B = (Γγ)·x̂ + (Γβ + B).
 *
 * @param rowsOf - What of a table [rows, channels] holds here.
 */
export function sandwichAffine(
  { sharedGamma, sharedBeta, gammaEmbed, betaEmbed }: Tensors,
  rowsOf: (table: Tensor) => Tensor,
): { readonly weight: Tensor; readonly bias: Tensor } {
  const gamma = rowsOf(gammaEmbed!);
  const shared = (t: Tensor): Tensor => mul(gamma, cast(t, gamma.dtype));
  return {
    weight: shared(sharedGamma!),
    bias: add(shared(sharedBeta!), rowsOf(betaEmbed!)),
  };
}

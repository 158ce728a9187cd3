import {
  add,
  currentBackend,
  div,
  fail,
  log,
  mul,
  reciprocal,
  reshape,
  ShapeError,
  sameShape,
  showShape,
  softmax,
  stopGradient,
  sum,
  type Tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { checkOptions, flag, nonNegative, type OptionRules, oneOf } from "@evenkeel/norm-core";

/** How the branches of several domains become one prediction. */
export interface MixtureOptions {
  /**
   * What is combined linearly: "logits", or "probabilities", of which the logarithm comes out. Default
   * "logits".
   */
  readonly combine?: "logits" | "probabilities";
  /** Take the weights for constants. Default false: gradients reach the samples through them. */
  readonly detachWeights?: boolean;
  /** Added to every distance, for samples whose statistics are exactly a domain's. Default 0. */
  readonly distanceEps?: number;
}

export const mixtureRules: OptionRules<MixtureOptions> = {
  combine: oneOf(["logits", "probabilities"], "logits"),
  detachWeights: flag(false),
  distanceEps: nonNegative(0),
};

/** A prediction as a mixture of several domains'. */
export interface Mixture {
  /** [samples, classes]. */
  readonly output: Tensor;
  /** How much each domain counts for each sample; rows sum to 1: [samples, domains]. */
  readonly weights: Tensor;
}

/**
 * The linear combination of a network's branches, each weighed by how near the sample is to its domain:
 *
 *     w[n, d] = (1 / (D[n, d] + distanceEps)) / Σ over j of 1 / (D[n, j] + distanceEps)
 *     out[n] = Σ over d of w[n, d]·branches[n, d]
 *
 * @param branches - Logits of every domain's branch: [samples, domains, classes].
 * @param distances - `domainDistances`, summed over the network's layers: [samples, domains].
 * @throws ShapeError where branches and distances do not fit; ValueError where a distance + distanceEps is
 *   0 or not finite.
 *
 * @example
 * const branches = random(1).normal([8, 3, 10]);
 * const distances = random(2).uniform([8, 3], { low: 1, high: 2 });
 * const { output, weights } = mixDomains(branches, distances);
 */
export function mixDomains(
  branches: Tensor,
  distances: Tensor,
  options: MixtureOptions = {},
): Mixture {
  const where = "mixDomains";
  const { combine, detachWeights, distanceEps } = checkOptions(where, options, mixtureRules);
  checkShapes(where, branches, distances);
  const nearness = reciprocal(add(distances, distanceEps));
  checkNearness(where, nearness);
  const all = div(nearness, sum(nearness, { axes: 1, keepDims: true }));
  const weights = detachWeights ? stopGradient(all) : all;
  const mixed = (t: Tensor): Tensor =>
    sum(mul(reshape(weights, [...weights.shape, 1]), t), { axes: 1 });
  const output =
    combine === "logits" ? mixed(branches) : log(mixed(softmax(branches, { axis: 2 })));
  return { output, weights };
}

function checkShapes(where: string, branches: Tensor, distances: Tensor): void {
  if (branches.rank === 3 && sameShape(branches.shape.slice(0, 2), distances.shape)) return;
  fail(
    {
      where,
      expected: "branches [samples, domains, classes] and distances [samples, domains]",
      got: `${showShape(branches.shape)} and ${showShape(distances.shape)}`,
      hint: "The network should give one row of logits per sample.",
    },
    ShapeError,
  );
}

function checkNearness(where: string, nearness: Tensor): void {
  if (!currentBackend().inProcess || nearness.data.every((v) => v > 0 && v < Infinity)) return;
  fail(
    {
      where,
      expected: "finite distances above 0",
      got: "a distance of 0, or one that is not finite",
      hint: "Pass distanceEps: 1e-12 for samples that are exactly like a domain; look for NaN otherwise.",
    },
    ValueError,
  );
}

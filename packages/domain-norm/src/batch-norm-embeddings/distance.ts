import {
  add,
  cast,
  div,
  log,
  mean,
  mul,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from "@evenkeel/autodiff";
import {
  axis,
  checkInput,
  checkOptions,
  count,
  momentsOfPlanes,
  nonNegative,
  type OptionRules,
  oneOf,
  safeSqrt,
  samplePlanes,
  samplesFirst,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";

/** How far the statistics of one sample are from those of a domain. */
export interface DistanceOptions {
  /**
   * Between diagonal Gaussians: "w2squared", the squared 2-Wasserstein distance; "w2", its root;
   * "bhattacharyya". Default "w2squared".
   */
  readonly distance?: "w2squared" | "w2" | "bhattacharyya";
  /** Over channels: "mean" keeps wide layers from counting for more. Default "sum". */
  readonly reduce?: "sum" | "mean";
}

export const distanceRules: OptionRules<DistanceOptions> = {
  distance: oneOf(["w2squared", "w2", "bhattacharyya"], "w2squared"),
  reduce: oneOf(["sum", "mean"], "sum"),
};

/** What of a layer its distances depend on; a `batchNormEmbeddings`' own options have it. */
export interface EmbeddingLayer {
  readonly numFeatures: number;
  readonly eps?: number;
  readonly channelAxis?: number;
}

const layerRules: OptionRules<EmbeddingLayer> = {
  numFeatures: count(),
  eps: nonNegative(1e-5),
  channelAxis: axis(1),
};

/**
 * How far each sample is from each domain, at the input of one layer:
 *
 *     w2squared      Σ over channels (m − M)² + (s − S)²
 *     bhattacharyya  Σ over channels (m − M)² / 4(s² + S²) + ½ ln((s² + S²) / 2sS)
 *
 * with m, s² = var + eps of the sample's own plane, and M, S² = runningVar + eps of the domain.
 *
 * @param x - Of any rank >= 2; more than one value per plane, or all deviations are 0.
 * @param state - `runningMean`, `runningVar` [numDomains, numFeatures]; constants.
 * @returns [samples, numDomains]; gradients reach x.
 *
 * @example
 * const layer = { numFeatures: 3 };
 * const { state } = batchNormEmbeddings({ ...layer, numDomains: 2 }).init();
 * const distances = domainDistances(random(1).normal([8, 3, 4, 4]), state, layer); // [8, 2]
 */
export function domainDistances(
  x: Tensor,
  state: Tensors,
  layer: EmbeddingLayer,
  options: DistanceOptions = {},
): Tensor {
  const where = "domainDistances";
  const { numFeatures, eps, channelAxis } = checkOptions(where, pick(layer), layerRules);
  const { distance, reduce } = checkOptions(where, options, distanceRules);
  const first = samplesFirst(x, checkInput(where, x, { numFeatures, channelAxis }));
  const planes = momentsOfPlanes(first.x, samplePlanes(first.x.shape, first.axis));
  const own = (t: Tensor): Tensor => reshape(t, [-1, 1, numFeatures]);
  const domain = (t: Tensor): Tensor => cast(stopGradient(t), planes.mean.dtype);
  const gap = square(sub(own(planes.mean), domain(state["runningMean"]!)));
  const s2 = own(add(variance(planes), eps));
  const S2 = add(domain(state["runningVar"]!), eps);
  const each = distance === "bhattacharyya" ? bhattacharyya(gap, s2, S2) : wasserstein(gap, s2, S2);
  const total = reduce === "sum" ? sum(each, { axes: 2 }) : mean(each, { axes: 2 });
  return distance === "w2" ? safeSqrt(total) : total;
}

function wasserstein(gap: Tensor, s2: Tensor, S2: Tensor): Tensor {
  return add(gap, square(sub(sqrt(s2), sqrt(S2))));
}

function bhattacharyya(gap: Tensor, s2: Tensor, S2: Tensor): Tensor {
  const both = add(s2, S2);
  const shapes = mul(0.5, log(div(both, mul(2, sqrt(mul(s2, S2))))));
  return add(div(gap, mul(4, both)), shapes);
}

/** A norm's options hold more than a layer's. */
function pick({ numFeatures, eps, channelAxis }: EmbeddingLayer): EmbeddingLayer {
  return {
    numFeatures,
    ...(eps !== undefined && { eps }),
    ...(channelAxis !== undefined && { channelAxis }),
  };
}

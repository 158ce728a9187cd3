import {
  abs,
  add,
  cast,
  concat,
  currentBackend,
  equal,
  fail,
  mul,
  OptionError,
  reshape,
  stopGradient,
  sub,
  sum,
  type Tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";
import {
  branchRow,
  checkOptions,
  countSamples,
  evaluation,
  type Tensors,
} from "@evenkeel/norm-core";
import { checkDomains, collectedDomains } from "../check.ts";
import {
  type DistanceOptions,
  distanceRules,
  domainDistances,
  type EmbeddingLayer,
} from "./distance.ts";
import { type Mixture, type MixtureOptions, mixDomains, mixtureRules } from "./mixture.ts";

/** How a network of `batchNormEmbeddings` predicts. */
export interface ForwardMixtureOptions extends DistanceOptions, MixtureOptions {
  /** Told to every layer besides the domain. */
  readonly condition?: object;
  /**
   * The known domain of a training batch: its branch does what the layers' mode says, in training by the
   * batch's statistics and updating its own. Default: none, all branches go by running statistics.
   */
  readonly trainDomain?: number | null;
}

/** A network's mixture, and what it was made of. */
export interface NetworkMixture extends Mixture {
  /** The domains that were mixed: those whose statistics every layer has. */
  readonly domains: readonly number[];
  /** Logits of each of them: [samples, domains, classes]. */
  readonly branches: Tensor;
  /** Summed over layers: [samples, domains]. */
  readonly distances: Tensor;
}

/** What is used of a layer. */
interface Layer extends Required<EmbeddingLayer> {
  readonly numDomains: number;
}

/**
 * Runs a network once for each of its domains and mixes the branches' logits by how near each sample is to
 * the domains, over the inputs of all its `batchNormEmbeddings`. Domains that no batch went through are
 * left out; where the backend's memory cannot be looked at, they are run and listed like the others, at a
 * distance that makes their weights 0. Layers with one value per plane have no deviations to compare, and do
 * not count.
 *
 * **When to use.** Evaluation on samples whose domain is unknown; training's second phase, with
 * `trainDomain`.
 *
 * @param model - Hands its condition on to the layers, as `Sequential` does, and returns [samples, classes].
 * @throws OptionError for a model without such layers; ValueError where no domain has statistics, as far as that
 *   can be seen, or for an unknown trainDomain.
 *
 * @example
 * const layer = norm(batchNormEmbeddings, { numFeatures: 3, numDomains: 2 });
 * const model = new Sequential(layer, new Flatten(), new Linear({ inFeatures: 48, outFeatures: 10 }));
 * for (const domain of [0, 1]) model.forward(random(domain).normal([8, 3, 4, 4]), { domain });
 * const { output, weights } = forwardMixture(model.eval(), random(2).normal([5, 3, 4, 4]));
 */
export function forwardMixture(
  model: Module,
  x: Tensor,
  options: ForwardMixtureOptions = {},
): NetworkMixture {
  const where = "forwardMixture";
  const o = checkOptions(where, options, rules);
  const layers = embeddingLayers(where, model);
  const { numDomains } = optionsOf(layers[0]!);
  const own =
    o.trainDomain === null ? [] : checkDomains(where, o.trainDomain, { samples: 1, numDomains });
  const domains = knownDomains(where, layers);
  const runs = [...new Set([...domains, ...own])]
    .sort((a, b) => a - b)
    .map((domain) => {
      const pinned = layers.map((layer) => layer.pinned);
      if (!own.includes(domain)) for (const layer of layers) layer.pinned = evaluation;
      try {
        const run = runBranch(model, x, layers, domain, o);
        return own.includes(domain) ? run : ifCollected(run, layers);
      } finally {
        layers.forEach((layer, i) => {
          layer.pinned = pinned[i]!;
        });
      }
    });
  const beside = (tensors: readonly Tensor[]): Tensor =>
    concat(
      tensors.map((t) => reshape(t, [t.shape[0]!, 1, ...t.shape.slice(1)])),
      1,
    );
  const branches = beside(runs.map(({ logits }) => logits));
  const distances = beside(runs.map(({ distance }) => distance));
  const { distanceEps, combine, detachWeights } = o;
  const mixture = mixDomains(branches, distances, { distanceEps, combine, detachWeights });
  return { ...mixture, domains: runs.map(({ domain }) => domain), branches, distances };
}

const rules = {
  ...distanceRules,
  ...mixtureRules,
  condition: { fallback: {}, expected: "an object", legal: (v: unknown) => typeof v === "object" },
  trainDomain: { fallback: null, expected: "a domain", legal: () => true },
};

interface Branch {
  readonly domain: number;
  /** [samples, classes]. */
  readonly logits: Tensor;
  /** [samples]. */
  readonly distance: Tensor;
}

function runBranch(
  model: Module,
  x: Tensor,
  layers: readonly NormModule[],
  domain: number,
  { condition, distance, reduce }: Required<ForwardMixtureOptions>,
): Branch {
  const found: Tensor[] = [];
  const measure = (layer: NormModule, input: Tensor): void => {
    const own = optionsOf(layer);
    const samples = countSamples(layer.norm.card.id, input, own);
    if (input.size === samples * own.numFeatures) return;
    const row = domainDistances(input, rowOf(layer, domain), own, { distance, reduce });
    found.push(reshape(row, [row.size]));
  };
  const logits = watching(layers, measure, () => model.forward(x, { ...condition, domain }));
  if (found.length === 0) {
    fail({
      where: "forwardMixture",
      expected: "a layer with more than one value per sample and channel",
      got: "none",
      hint: "Distances need instance statistics: use the norm on feature maps.",
    });
  }
  return { domain, logits, distance: cast(found.reduce(add), logits.dtype) };
}

/** Farther than any domain is, and far from the largest number of float32. */
const OUT_OF_SIGHT = 1e30;

/** The branch, out of sight where a layer has no statistics of its domain; in the process it is not run then. */
function ifCollected(run: Branch, layers: readonly NormModule[]): Branch {
  if (currentBackend().inProcess) return run;
  const empty = layers.map((layer) => {
    const { numBatchesTracked, runningMean, runningVar } = stateOf(layer);
    const row = (t: Tensor): Tensor => stopGradient(branchRow(t, run.domain));
    const moved = add(sum(abs(row(runningMean!))), sum(abs(sub(row(runningVar!), 1))));
    return equal(add(moved, row(numBatchesTracked!)), 0);
  });
  const penalty = mul(OUT_OF_SIGHT, cast(empty.reduce(add), run.distance.dtype));
  return { ...run, distance: add(run.distance, penalty) };
}

/** Calls `seen` with the input of every layer while `run` runs. */
function watching<R>(
  layers: readonly NormModule[],
  seen: (layer: NormModule, x: Tensor) => void,
  run: () => R,
): R {
  for (const layer of layers) {
    const forward = layer.forward.bind(layer);
    layer.forward = (x, condition, activation) => {
      seen(layer, x);
      return forward(x, condition, activation);
    };
  }
  try {
    return run();
  } finally {
    for (const layer of layers) Reflect.deleteProperty(layer, "forward");
  }
}

function embeddingLayers(where: string, model: Module): readonly NormModule[] {
  const layers = [...model.namedModules()].flatMap(([, m]) =>
    m instanceof NormModule && m.norm.card.id === "batchNormEmbeddings" && m.state["runningMean"]
      ? [m as NormModule]
      : [],
  );
  if (layers.length > 0) return layers;
  return fail(
    {
      where,
      expected: "a model with batchNormEmbeddings that keep running statistics",
      got: "none of them",
    },
    OptionError,
  );
}

/** The domains that every layer has statistics of. */
function knownDomains(where: string, layers: readonly NormModule[]): readonly number[] {
  const each = layers.map((layer) => collectedDomains(stateOf(layer), optionsOf(layer).numDomains));
  const known = each[0]!.filter((domain) => each.every((list) => list.includes(domain)));
  if (known.length > 0) return known;
  return fail(
    {
      where,
      expected: "running statistics of at least one domain",
      got: "none",
      hint: "Train the model on batches of known domains first.",
    },
    ValueError,
  );
}

function optionsOf(layer: NormModule): Layer {
  return layer.norm.options as Layer;
}

function stateOf(layer: NormModule): Tensors {
  return Object.fromEntries(Object.entries(layer.state).map(([name, b]) => [name, b.value]));
}

function rowOf(layer: NormModule, domain: number): Tensors {
  const { runningMean, runningVar } = stateOf(layer);
  return {
    runningMean: branchRow(runningMean!, domain),
    runningVar: branchRow(runningVar!, domain),
  };
}

import { add, mul, type Tensor } from "@evenkeel/autodiff";
import { collectStatistics, forwardMixture, tent } from "@evenkeel/domain-norm";
import { NormModule, type StateDict } from "@evenkeel/nn";
import type { Dataset } from "../data/dataset.ts";
import { cases } from "../norms.ts";
import type { WayResult } from "../report/results.ts";
import { accuracy, type Batch, testBatches } from "./accuracy.ts";
import { type Network, type NetworkSizes, network } from "./network.ts";

/** Logits of some images. */
type Predict = (batch: Batch) => Tensor;

/** A way to predict images of a domain that was not trained on, by a trained network. */
interface Way {
  readonly name: string;
  /** Called when it is its turn, because some change what they predict with. */
  readonly make: () => Predict;
}

/** What ways are made of. */
interface Trained {
  readonly norm: string;
  readonly seed: number;
  readonly net: Network;
  readonly sizes: NetworkSizes;
  readonly data: Dataset;
}

/**
 * Accuracy on the domain held out, for every way to evaluate one trained network: methods that differ in
 * evaluation alone are not trained again. The first is what stands for the norm.
 */
export function evaluateWays(trained: Trained): readonly WayResult[] {
  return waysOf(trained).map(({ name, make }) => ({
    name,
    accuracy: accuracy(trained.data, make()),
  }));
}

function waysOf(trained: Trained): readonly Way[] {
  const { norm, net } = trained;
  if (norm === "batchNorm") return [asTrained(net), ...adaptations(trained)];
  if (!cases[norm]?.domains) return [asTrained(net)];
  const alike = branchesAlike(trained);
  const each = branches(trained);
  return norm === "batchNormEmbeddings" ? [mixture(net), alike, ...each] : [alike, ...each];
}

function asTrained({ model }: Network): Way {
  const predict = ({ x }: Batch): Tensor => model.forward(x);
  return { name: "as trained", make: () => predict };
}

/** Norms of test time with the parameters and statistics of a trained batch norm. */
function adaptations(trained: Trained): readonly Way[] {
  const plain = (name: string, norm: string, changes: object = {}): Way => ({
    name,
    make: () => asTrained(converted(trained, norm, changes)).make(),
  });
  return [
    plain("prediction-time", "predictionTimeBatchNorm"),
    plain("alpha, source 0.9", "alphaBatchNorm", { sourceWeight: 0.9 }),
    plain("alpha, source 0.5", "alphaBatchNorm", { sourceWeight: 0.5 }),
    plain("partly, mean", "partlyAdaptiveBatchNorm", { adaptVar: false }),
    plain("partly, variance", "partlyAdaptiveBatchNorm", { adaptMean: false }),
    { name: "EMA-adaptive", make: () => emaAdaptive(trained) },
    { name: "AdaBN", make: () => adaBN(trained) },
    { name: "TENT", make: () => adapting(trained) },
  ];
}

/** The network with another norm in the place of batch norm, under the same names. */
function converted({ net, sizes, seed }: Trained, norm: string, changes: object = {}): Network {
  const other = network(norm, sizes, seed, changes);
  other.model.loadStateDict(net.model.stateDict(), { strict: false });
  other.model.eval();
  return other;
}

/** With a count of 0 the first test batch takes the place of training's statistics. */
function emaAdaptive(trained: Trained): Predict {
  const other = converted(trained, "emaAdaptiveBatchNorm");
  const counters = Object.entries(
    network("emaAdaptiveBatchNorm", trained.sizes, 1).model.stateDict(),
  );
  const fresh: StateDict = Object.fromEntries(
    counters.filter(([name]) => name.endsWith("num_batches_tracked")),
  );
  other.model.loadStateDict(fresh, { strict: false });
  for (const layer of normsOf(other)) layer.pinned = { update: true };
  return asTrained(other).make();
}

/** All test images without their labels, once, before they are predicted. */
function adaBN(trained: Trained): Predict {
  const other = converted(trained, "adaBatchNorm");
  collectStatistics(other.model, testImages(trained.data));
  return asTrained(other).make();
}

function* testImages(data: Dataset): Iterable<Tensor> {
  for (const { x } of testBatches(data)) yield x;
}

/** The authors' example: Adam, one step a batch, online. */
function adapting(trained: Trained): Predict {
  const adapted = tent(converted(trained, "predictionTimeBatchNorm").model);
  return ({ x }) => adapted.adapt(x);
}

/** The branch of each domain that was trained on, for all test images. */
function branches({ net, data }: Trained): readonly Way[] {
  return data.domains.map((name, domain) => ({
    name: `told ${name}`,
    make: () => (batch) => branch(net, batch, domain),
  }));
}

/** The mean of all branches' logits: what needs no guess at the domain. */
function branchesAlike({ net, data }: Trained): Way {
  const share = 1 / data.domains.length;
  const predict = (batch: Batch): Tensor =>
    data.domains.map((_, domain) => mul(share, branch(net, batch, domain))).reduce(add);
  return { name: "mean of all branches", make: () => predict };
}

function mixture({ model }: Network): Way {
  const predict = ({ x }: Batch): Tensor => forwardMixture(model, x, { distanceEps: 1e-12 }).output;
  return { name: "mixture by distance", make: () => predict };
}

function branch({ model, condition }: Network, { x, labels }: Batch, domain: number): Tensor {
  return model.forward(x, condition(new Int32Array(labels.length).fill(domain)));
}

function normsOf({ model, normLayers }: Network): readonly NormModule[] {
  return normLayers.flatMap(({ at }) => {
    const layer = model.layers[at];
    return layer instanceof NormModule ? [layer as NormModule] : [];
  });
}

import { add, concat, mean, onesLike, relu, reshape, slice, type Tensor } from "@evenkeel/autodiff";
import { conv2d, linear } from "@evenkeel/nn";
import { type BoundNorm, branchRow, type Tensors } from "@evenkeel/norm-core";
import type { GoldenAdapter, GoldenRun } from "@evenkeel/testkit";
import type { DomainCondition } from "../domains.ts";
import { type BatchNormEmbeddingsOptions, batchNormEmbeddings } from "./batch-norm-embeddings.ts";
import { type DistanceOptions, domainDistances } from "./distance.ts";
import { type MixtureOptions, mixDomains } from "./mixture.ts";

type Adapter = GoldenAdapter<BatchNormEmbeddingsOptions, DomainCondition>;
type Run = GoldenRun<DomainCondition>;

/** One layer: training by domain, then all branches side by side and every distance. */
export const layerAdapter: Adapter = {
  method: "bne",
  understands: ["kind", "domain"],
  options: (config, _, { kind }) =>
    kind === "layer" ? (config as unknown as BatchNormEmbeddingsOptions) : undefined,
  apply({ bound, x, params, state, mode, step, config }) {
    const domain = step["domain"] as number | undefined;
    if (domain !== undefined) return bound.apply(x, params, state, { mode, condition: { domain } });
    // The file evaluates branches at their first values, too; the norm refuses those by their counter.
    const known = { ...state, numBatchesTracked: onesLike(state["numBatchesTracked"]!) };
    const { numDomains } = config as unknown as BatchNormEmbeddingsOptions;
    const branch = (d: number): Tensor =>
      bound.apply(x, params, known, { mode, condition: { domain: d } }).output;
    const output = concat(
      Array.from({ length: numDomains }, (_, d) => reshape(branch(d), [1, ...x.shape])),
      0,
    );
    const layer = config as unknown as BatchNormEmbeddingsOptions;
    const others = Object.keys(step.extraOutputs ?? {}).map((name) => {
      const distance = name.split(":")[1] as NonNullable<DistanceOptions["distance"]>;
      return [name, domainDistances(x, state, layer, { distance })] as const;
    });
    return { output, state, others: Object.fromEntries(others) };
  },
};

const around: readonly string[] = [
  ...["conv1.weight", "bn1.weight", "bn1.bias", "conv2.weight", "bn2.weight", "bn2.bias"],
  ...["fc.weight", "fc.bias"],
];

/** Two layers in a network: the state holds the channels of both, one after the other. */
export const networkAdapter: Adapter = {
  method: "bne",
  understands: ["kind", "domain"],
  around,
  options({ channels, numDomains, eps }, _, { kind }) {
    if (kind !== "network") return undefined;
    const numFeatures = (channels as number[]).reduce((sum, n) => sum + n, 0);
    return { numFeatures, affine: false, numDomains, eps } as BatchNormEmbeddingsOptions;
  },
  state: {
    from: (buffers, initial) => {
      const both = (name: string): Tensor =>
        concat([buffers[`bn1.${name}`]!, buffers[`bn2.${name}`]!], 1);
      return { ...initial, runningMean: both("runningMean"), runningVar: both("runningVar") };
    },
    to: (state, { channels }) => {
      const sizes = channels as number[];
      const entries = [1, 2].flatMap((layer) =>
        Object.entries(layerState(state, sizes, layer)).map(([name, t]) => [
          `bn${layer}.${name}`,
          t,
        ]),
      );
      return Object.fromEntries(entries);
    },
  },
  apply(run) {
    const { state, config } = run;
    const { numDomains, distance, distanceEps, combine, detachWeights } =
      config as unknown as Required<BatchNormEmbeddingsOptions & DistanceOptions & MixtureOptions>;
    const runs = Array.from({ length: numDomains }, (_, d) => branchOf(run, d, distance));
    const beside = (tensors: readonly Tensor[]): Tensor =>
      concat(
        tensors.map((t) => reshape(t, [t.shape[0]!, 1, -1])),
        1,
      );
    const domainLogits = beside(runs.map(({ logits }) => logits));
    const all = beside(runs.map(({ distance: t }) => t));
    const distances = reshape(all, [all.shape[0]!, numDomains]);
    const mixture = mixDomains(domainLogits, distances, { distanceEps, combine, detachWeights });
    const others = { domainLogits, distances, weights: mixture.weights };
    return { output: mixture.output, state, others };
  },
};

function branchOf(
  { x, params, state, mode, config }: Run,
  domain: number,
  distance: NonNullable<DistanceOptions["distance"]>,
): { readonly logits: Tensor; readonly distance: Tensor } {
  const { channels, numDomains, eps } = config as unknown as {
    readonly channels: number[];
    readonly numDomains: number;
    readonly eps: number;
  };
  const found: Tensor[] = [];
  let h = x;
  for (const layer of [1, 2]) {
    const numFeatures = channels[layer - 1]!;
    const bound: BoundNorm<DomainCondition> = batchNormEmbeddings({ numFeatures, numDomains, eps });
    const own = layerState(state, channels, layer);
    h = conv2d(h, params[`conv${layer}.weight`]!);
    const row = {
      runningMean: branchRow(own["runningMean"]!, domain),
      runningVar: branchRow(own["runningVar"]!, domain),
    };
    found.push(domainDistances(h, row, { numFeatures, eps }, { distance }));
    const affine = { weight: params[`bn${layer}.weight`]!, bias: params[`bn${layer}.bias`]! };
    h = relu(bound.apply(h, affine, own, { mode, condition: { domain } }).output);
  }
  const logits = linear(mean(h, { axes: [2, 3] }), params["fc.weight"]!, params["fc.bias"]);
  return { logits, distance: found.reduce(add) };
}

/** A layer's part of the joined state. */
function layerState(state: Tensors, channels: readonly number[], layer: number): Tensors {
  const from = layer === 1 ? 0 : channels[0]!;
  const part = (t: Tensor): Tensor =>
    slice(t, [0, from], [t.shape[0]!, from + channels[layer - 1]!]);
  return {
    runningMean: part(state["runningMean"]!),
    runningVar: part(state["runningVar"]!),
    numBatchesTracked: state["numBatchesTracked"]!,
  };
}

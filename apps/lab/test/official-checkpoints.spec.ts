import { arange, random, reshape, type Tensor, tensor } from "@evenkeel/autodiff";
import { auxiliaryBatchNorm } from "@evenkeel/batch-norm";
import { instanceEnhancementBatchNorm } from "@evenkeel/instance-enhancement-norm";
import { type NormModule, norm } from "@evenkeel/nn";
import { representativeBatchNorm } from "@evenkeel/representative-norm";
import {
  sandwichAdain,
  sandwichAuxBatchNorm,
  sandwichBatchNorm,
  sandwichBatchNormNas,
} from "@evenkeel/sandwich-norm";
import { describe, expect, test } from "vitest";

const C = 2;
const numFeatures = C;
const table = (rows: number): Tensor => reshape(arange(rows * 2 * C), [rows, 2 * C]);
const channels = (seed: number): Tensor => random(seed).normal([C]);
const batchNorms = (
  list: string,
  rows: number,
  names: readonly string[],
): Record<string, Tensor> => {
  const all = Array.from({ length: rows }, (_, i) => [
    ...names.map((name, k) => [`${list}.${i}.${name}`, channels(10 * i + k)] as const),
    [`${list}.${i}.num_batches_tracked`, tensor(i + 1)] as const,
  ]);
  return Object.fromEntries(all.flat());
};
const values = (module: NormModule<never>, name: string): unknown =>
  (module.params[name] ?? module.state[name])!.value.toArray();
const statistics = ["running_mean", "running_var"];

describe("checkpoints of the published code, by their names and shapes", () => {
  test("of sandwich batch norm have both tables in one embedding", () => {
    const module = norm(sandwichBatchNorm, { numFeatures, numClasses: 3 });
    const checkpoint = {
      "bn.weight": channels(1),
      "bn.bias": channels(2),
      "bn.running_mean": channels(3),
      "bn.running_var": channels(4),
      "bn.num_batches_tracked": tensor(7),
      "embed.weight": table(3),
    };
    module.loadStateDict(checkpoint);
    expect(values(module, "gammaEmbed")).toEqual([
      [0, 1],
      [4, 5],
      [8, 9],
    ]);
    expect(values(module, "betaEmbed")).toEqual([
      [2, 3],
      [6, 7],
      [10, 11],
    ]);
    expect(values(module, "sharedGamma")).toEqual(checkpoint["bn.weight"].toArray());
    expect(module.stateDict()["embed.weight"]?.toArray()).toEqual(table(3).toArray());
  });

  test("of its auxiliary form have the shared affine in the embedding's last row", () => {
    const module = norm(sandwichAuxBatchNorm, { numFeatures });
    const checkpoint = { ...batchNorms("bn_list", 2, statistics), "embed.weight": table(3) };
    module.loadStateDict(checkpoint);
    expect(values(module, "sharedGamma")).toEqual([8, 9]);
    expect(values(module, "sharedBeta")).toEqual([10, 11]);
    expect(values(module, "gammaEmbed")).toEqual([
      [0, 1],
      [4, 5],
    ]);
    expect(values(module, "numBatchesTracked")).toEqual([1, 2]);
    expect(Object.keys(module.stateDict()).sort()).toEqual(Object.keys(checkpoint).sort());
  });

  test("of the form for architecture search have a batch norm for each choice", () => {
    const module = norm(sandwichBatchNormNas, { numFeatures, numPrevOps: 3, numPrevNodes: 1 });
    const checkpoint = {
      ...batchNorms("bns", 3, statistics),
      shared_weight: channels(1),
      shared_bias: channels(2),
      "embed.weight": table(3),
    };
    module.loadStateDict(checkpoint);
    expect(values(module, "runningMean")).toEqual(
      [0, 1, 2].map((i) => checkpoint[`bns.${i}.running_mean` as "shared_bias"].toArray()),
    );
    expect(Object.keys(module.stateDict()).sort()).toEqual(Object.keys(checkpoint).sort());
  });

  test("of sandwich AdaIN and of auxiliary batch norm load name by name", () => {
    const style = norm(sandwichAdain, { numFeatures });
    style.loadStateDict({ shared_weight: channels(1), shared_bias: channels(2) });
    expect(values(style, "sharedWeight")).toEqual(channels(1).toArray());
    const aux = norm(auxiliaryBatchNorm, { numFeatures });
    const checkpoint = batchNorms("bn_list", 2, ["weight", "bias", ...statistics]);
    aux.loadStateDict(checkpoint);
    expect(Object.keys(aux.stateDict()).sort()).toEqual(Object.keys(checkpoint).sort());
    expect(values(aux, "weight")).toEqual([channels(0), channels(10)].map((t) => t.toArray()));
  });

  for (const [name, kind, keys] of [
    ["representative", representativeBatchNorm, ["center_weight", "scale_weight", "scale_bias"]],
    ["instance enhancement", instanceEnhancementBatchNorm, ["weight_readjust", "bias_readjust"]],
  ] as const) {
    test(`of ${name} batch norm load in their shape [1, C, 1, 1]`, () => {
      const module = norm(kind, { numFeatures });
      const parameters = ["weight", "bias", ...keys].map(
        (key, i) => [key, reshape(channels(i), [1, C, 1, 1])] as const,
      );
      const own = module.stateDict();
      module.loadStateDict({ ...own, ...Object.fromEntries(parameters) });
      const loaded = module.stateDict();
      parameters.forEach(([key, t]) => {
        expect(loaded[key]?.shape).toEqual([C]);
        expect(loaded[key]?.data).toEqual(t.data);
      });
    });
  }
});

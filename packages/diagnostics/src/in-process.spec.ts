import { cpu, random, type Tensor, tensor, useBackend } from "@evenkeel/autodiff";
import {
  Conv2d,
  crossEntropy,
  GlobalAvgPool2d,
  norm,
  readStateDict,
  Sequential,
} from "@evenkeel/nn";
import { remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import {
  activationHistograms,
  activationSpectrum,
  bottleneckRank,
  convolutionSpectrum,
  featureCondensation,
  gradientBalance,
  jacobianValues,
  layerCondensations,
  layerDrifts,
  statisticsDrift,
} from "./index.ts";
import { plainBatchNorm } from "./plain-batch-norm.reference.ts";

afterEach(() => useBackend(cpu));

const drawn = (): Tensor => random(1).normal([4, 1, 6, 6]);
const build = (): Sequential =>
  new Sequential(
    new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 3, padding: 1, seed: 1 }),
    norm(plainBatchNorm, { numFeatures: 2 }),
    new GlobalAvgPool2d(),
  );
const instruments: Readonly<Record<string, (model: Sequential, x: Tensor) => unknown>> = {
  activationHistograms,
  activationSpectrum: (_, x) => activationSpectrum(x),
  bottleneckRank,
  convolutionSpectrum: (_, x) => convolutionSpectrum(x, { height: 6, width: 6 }),
  featureCondensation: (_, x) => featureCondensation(x),
  gradientBalance: (model, x) =>
    gradientBalance(model, [0, 1, 0, 1], () =>
      crossEntropy(model.forward(x), [0, 1, 0, 1], { reduction: "none" }),
    ),
  jacobianValues: (model, x) => jacobianValues((t) => model.forward(t), x),
  layerCondensations,
  layerDrifts,
  statisticsDrift: (_, x) => statisticsDrift(x, { mean: [0], variance: [1] }),
};

describe("where the backend's memory is not in the process", () => {
  test.each(Object.entries(instruments))(
    "%s refuses, and works by its advice",
    async (name, run) => {
      useBackend(remoteBackend());
      const model = build();
      model.forward(drawn());
      expect(() => run(model, drawn())).toThrow(
        `${name}: expected a backend whose memory is in the process, got remote. useBackend(cpu), ` +
          "build the model there and load its state: readStateDict of @evenkeel/nn.",
      );
      const saved = await readStateDict(model.stateDict());
      useBackend(cpu);
      const copy = build();
      const entries = Object.entries(saved).map(([key, t]) => [key, tensor(t.data, t)] as const);
      copy.loadStateDict(Object.fromEntries(entries));
      expect(run(copy, drawn())).toBeDefined();
    },
  );
});

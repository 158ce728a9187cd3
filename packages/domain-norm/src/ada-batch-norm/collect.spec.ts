import { concat, random, type Tensor } from "@evenkeel/autodiff";
import { Conv2d, Dropout, type NormModule, norm, ReLU, Sequential } from "@evenkeel/nn";
import { describe, expect, test } from "vitest";
import { domainSpecificBatchNorm } from "../domain-specific-batch-norm/domain-specific-batch-norm.ts";
import { adaBatchNorm, collectStatistics } from "./ada-batch-norm.ts";

const conv = (inChannels: number) =>
  new Conv2d({ inChannels, outChannels: 3, kernelSize: 3, padding: 1, seed: inChannels });
const network = (): Sequential =>
  new Sequential(
    conv(2),
    norm(adaBatchNorm, { numFeatures: 3 }),
    new ReLU(),
    new Dropout({ p: 0.5, seed: 1 }),
    conv(3),
    norm(adaBatchNorm, { numFeatures: 3 }),
  );
const targets = [4, 2, 3].map((n, seed) => random(seed).normal([n, 2, 4, 4], { mean: 3 }));
const layer = (model: Sequential, i: number): NormModule => model.layers[i] as NormModule;
const values = (t: Tensor | undefined): number[] => [...t!.data];

describe("collectStatistics", () => {
  test("gives the first norm the exact statistics of all samples, whatever it had before", () => {
    const model = network();
    model.forward(random(9).normal([4, 2, 4, 4]));
    expect(collectStatistics(model, targets)).toBe(3);
    const once = network();
    collectStatistics(once, [concat(targets, 0)]);
    const [parts, whole] = [model, once].map((m) => values(layer(m, 1).state["runningVar"]!.value));
    parts!.forEach((v, i) => void expect(v).toBeCloseTo(whole![i]!, 5));
    expect(layer(model, 1).state["sampleCount"]!.value.item()).toBe(9 * 16);
  });

  test("leaves parameters, modes and pins as they were, and drops nothing out", () => {
    const model = network();
    layer(model, 1).pinned = { update: false };
    const weight = values(model.stateDict()["0.weight"]);
    collectStatistics(model, targets);
    expect(values(model.stateDict()["0.weight"])).toEqual(weight);
    expect(layer(model, 1).pinned).toEqual({ update: false });
    expect(model.layers.every((m) => m.training)).toBe(true);
    const again = network().eval();
    collectStatistics(again, targets);
    expect(again.layers.some((m) => m.training)).toBe(false);
    expect(values(layer(again, 5).state["runningMean"]!.value)).toEqual(
      values(layer(model, 5).state["runningMean"]!.value),
    );
  });

  test("without batches keeps the source's statistics", () => {
    const model = network();
    model.forward(random(9).normal([4, 2, 4, 4]));
    const before = model.stateDict();
    expect(collectStatistics(model, [])).toBe(0);
    for (const [name, t] of Object.entries(model.stateDict()))
      expect(t.data).toEqual(before[name]!.data);
  });

  test("a batch that is refused leaves the model as it was", () => {
    const model = network();
    model.forward(random(9).normal([4, 2, 4, 4]));
    const before = model.stateDict();
    expect(() => collectStatistics(model, [targets[0]!, random(1).normal([4, 5, 4, 4])])).toThrow();
    for (const [name, t] of Object.entries(model.stateDict()))
      expect(t.data).toEqual(before[name]!.data);
    expect(layer(model, 1).pinned).toEqual({});
  });

  test("collects one domain's statistics of a norm that has several", () => {
    const model = new Sequential(norm(domainSpecificBatchNorm, { numFeatures: 2, numDomains: 2 }));
    collectStatistics(model, targets, { condition: { domain: 1 } });
    expect(values(layer(model, 0).state["numBatchesTracked"]!.value)).toEqual([0, 3]);
  });

  test("refuses a model without statistics", () => {
    expect(() => collectStatistics(new Sequential(new ReLU()), targets)).toThrow(
      "collectStatistics: expected a model with norms that keep running statistics, got none of them.",
    );
  });
});

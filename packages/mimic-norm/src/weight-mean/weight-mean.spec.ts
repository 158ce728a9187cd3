import { mean, random } from "@evenkeel/autodiff";
import { Conv2d, Linear, Sequential } from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/mimic-norm.json" with { type: "json" };
import { weightMeanCase } from "./weight-mean.case.ts";
import { centerWeights, initialBranchScale, ungroupedConvolutions } from "./weight-mean.ts";

describe("weightMean", () => {
  for (const { name, run } of methodSuite(weightMeanCase, { golden: [golden] })) test(name, run);
});

describe("centerWeights", () => {
  const conv = (inChannels: number, groups = 1): Conv2d =>
    new Conv2d({ inChannels, outChannels: 4, kernelSize: 5, groups, seed: 1 });

  test("centers convolutions with more than 50 weights per filter, and no other layer", () => {
    const model = new Sequential(
      conv(1),
      conv(2),
      conv(4),
      new Linear({ inFeatures: 99, outFeatures: 2 }),
    );
    const before = model.stateDict();
    expect(centerWeights(model)).toEqual(["2"]);
    const after = model.stateDict();
    for (const name of Object.keys(before).filter((key) => key !== "2.weight")) {
      expect(after[name]!.data).toEqual(before[name]!.data);
    }
    const means = mean(after["2.weight"]!, { axes: [1, 2, 3] }).data;
    for (const m of means) expect(m).toBeCloseTo(0, 7);
  });

  test("of exactly 50 weights per filter leaves them alone", () => {
    expect(centerWeights(conv(2))).toEqual([]);
  });

  test("takes other rules", () => {
    const model = new Sequential(
      conv(1),
      conv(4, 4),
      new Linear({ inFeatures: 3, outFeatures: 2 }),
    );
    expect(centerWeights(model, ungroupedConvolutions)).toEqual(["0"]);
    expect(centerWeights(model, (layer) => layer instanceof Linear)).toEqual(["2"]);
  });

  test("changes nothing the second time, to rounding", () => {
    const model = conv(8);
    centerWeights(model);
    const once = model.weight.value.data.slice();
    centerWeights(model);
    for (const [i, v] of model.weight.value.data.entries()) expect(v).toBeCloseTo(once[i]!, 7);
  });
});

describe("initialBranchScale", () => {
  test("grows with the convolutions of a branch and falls with depth", () => {
    expect(initialBranchScale(2, 1)).toBeCloseTo(1.44, 12);
    expect(initialBranchScale(3, 4)).toBeCloseTo(0.432, 12);
    expect(() => initialBranchScale(2, 0)).toThrow(
      "initialBranchScale block: expected a whole number >= 1, got 0.",
    );
  });

  test("keeps to whole numbers", () => {
    expect(() => initialBranchScale(random(1).next(), 1)).toThrow(
      "initialBranchScale convolutions",
    );
  });
});

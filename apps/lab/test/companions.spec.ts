import { CrossIterationConv2d } from "@evenkeel/cross-iteration-norm";
import { doubleForward } from "@evenkeel/memorized-norm";
import { CenteredConv2d } from "@evenkeel/moving-average-norm";
import type { Conv2d } from "@evenkeel/nn";
import { describe, expect, test } from "vitest";
import { type Network, network } from "../src/compare/network.ts";
import { train } from "../src/compare/train.ts";
import { glyphs } from "../src/data/glyphs.ts";

const build = (norm: string): Network =>
  network(norm, { shape: [1, 16, 16], classes: 10, domains: 1 }, 1);

describe("methods that are more than a layer", () => {
  const usual = build("batchNorm").model.layers[0] as Conv2d;

  test("have their own convolution, with the weight that all others start from", () => {
    const [centered] = build("movingAverageBatchNorm").model.layers as [Conv2d];
    expect(centered).toBeInstanceOf(CenteredConv2d);
    expect(centered.weight.value.toArray()).toEqual(usual.weight.value.toArray());
    const [, pair] = build("crossIterationBatchNorm").model.layers;
    expect(pair).toBeInstanceOf(CrossIterationConv2d);
    const { conv } = pair as CrossIterationConv2d;
    expect(conv.weight.value.toArray()).toEqual(usual.weight.value.toArray());
  });

  test("have their own training step", () => {
    expect(build("memorizedBatchNorm").step).toBe(doubleForward);
    expect(
      build("batchNorm").step(
        usual,
        () => 3,
        () => 4,
      ),
    ).toBe(3);
  });

  test.each(["crossIterationBatchNorm", "memorizedBatchNorm", "movingAverageBatchNorm"])(
    "%s trains and shows what it does",
    (norm) => {
      const job = { norm, batchSize: 16, seed: 1, steps: 12, lr: 0.003, histograms: true };
      const { losses, diverged, histograms } = train(
        glyphs({ train: 200, test: 50 }),
        job,
        () => {},
      );
      expect(diverged).toBe(false);
      expect(losses).toHaveLength(12);
      expect(histograms).toHaveLength(3);
    },
  );
});

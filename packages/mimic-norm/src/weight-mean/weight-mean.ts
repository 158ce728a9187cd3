import {
  fail,
  mean,
  OptionError,
  ShapeError,
  scope,
  show,
  showShape,
  sub,
  type Tensor,
} from "@evenkeel/autodiff";
import { Conv2d, Linear, type Module } from "@evenkeel/nn";
import type { Card } from "@evenkeel/norm-core";

/** Whether a layer's weights are centered. */
export type CenteringRule = (layer: Conv2d | Linear, name: string) => boolean;

/** What tables say of `weightMean`. */
export const weightMeanCard: Card = {
  id: "weightMean",
  name: "Weight mean (MimicNorm)",
  summary: "Takes each filter's mean out of its weights, after every step of the optimizer.",
  tex: String.raw`W_o \leftarrow W_o - \mathrm{mean}(W_o)`,
  paper: {
    title: "MimicNorm: Weight Mean and Last BN Layer Mimic the Dynamic of Batch Normalization",
    authors: "Fei, Dai, Li, Zou, Xiong",
    year: 2020,
    arxiv: "2010.09278",
    code: "Kid-key/MimicNorm",
  },
  keys: {},
  notes: [
    "The authors' CIFAR script centers convolutions with more than 50 weights per filter, their ImageNet script those without groups: `wideConvolutions`, `ungroupedConvolutions`.",
  ],
};

/**
 * A weight with each filter's mean taken out.
 *
 *     W[o] ← W[o] − mean(W[o])
 *
 * **When to use.** Mostly through `centerWeights`. It is differentiable too, for centering inside the forward.
 *
 * @param weight - [filters, …]: of a convolution or a linear layer.
 * @throws ShapeError for a rank below 2 or no elements.
 *
 * @example
 * const centered = weightMean(random(1).normal([16, 8, 3, 3]));
 *
 * @see Fei, Dai, Li, Zou and Xiong, 2020, arXiv 2010.09278, section 3.
 */
export function weightMean(weight: Tensor): Tensor {
  if (weight.rank < 2 || weight.size === 0) {
    fail(
      {
        where: "weightMean",
        expected: "a weight of shape [filters, …]",
        got: showShape(weight.shape),
      },
      ShapeError,
    );
  }
  const axes = weight.shape.map((_, i) => i).slice(1);
  return sub(weight, mean(weight, { axes, keepDims: true }));
}

/** The rule of the authors' CIFAR script: convolutions with more than 50 weights in each filter. */
export const wideConvolutions: CenteringRule = (layer) => {
  const { size, shape } = layer.weight.value;
  return layer instanceof Conv2d && size / shape[0]! > 50;
};

/** The rule of their ImageNet script: convolutions without groups. */
export const ungroupedConvolutions: CenteringRule = (layer) =>
  layer instanceof Conv2d && layer.groups === 1;

/**
 * Centers the weights of a model's layers, in place of the norms behind them.
 *
 *     W[o] ← W[o] − mean(W[o])        for each layer that the rule names
 *
 * **When to use.** After the weights are drawn or loaded and after **every** step of the optimizer, in a network
 * with `lastBatchNorm` and no other norm. Biases are never touched.
 *
 * **Differs from the paper.** Nothing; the authors' two scripts have different rules, and here is a choice.
 *
 * @param rule - Which convolutions and linear layers; default `wideConvolutions`.
 * @returns The names of the layers whose weights were centered.
 * @throws OptionError if the rule is no function.
 *
 * @example
 * const model = new Sequential(new Conv2d({ inChannels: 8, outChannels: 16, kernelSize: 3 }));
 * centerWeights(model); // again after each optimizer.step
 *
 * @see Fei, Dai, Li, Zou and Xiong, 2020, arXiv 2010.09278, section 3.
 */
export function centerWeights(
  model: Module,
  rule: CenteringRule = wideConvolutions,
): readonly string[] {
  if (typeof rule !== "function") {
    const got = show(rule);
    fail({ where: "centerWeights rule", expected: "a function of a layer", got }, OptionError);
  }
  return [...model.namedModules()].flatMap(([name, layer]) => {
    if (!(layer instanceof Conv2d || layer instanceof Linear) || !rule(layer, name)) return [];
    scope(() => layer.weight.replace(weightMean(layer.weight.value)));
    return [name];
  });
}

/**
 * The first value of the learned scale on a residual branch.
 *
 *     1.2^convolutions / block
 *
 * **When to use.** In residual networks with centered weights, which have such a scalar on each branch.
 *
 * @param convolutions - Of the branch: 2 in a basic block, 3 in a bottleneck.
 * @param block - Its place in the network, from 1.
 *
 * @example
 * const scale = new Parameter(full([1], initialBranchScale(2, 1)));
 *
 * @see Fei, Dai, Li, Zou and Xiong, 2020, arXiv 2010.09278; the authors' code.
 */
export function initialBranchScale(convolutions: number, block: number): number {
  for (const [name, n] of Object.entries({ convolutions, block })) {
    if (Number.isInteger(n) && n > 0) continue;
    const where = `initialBranchScale ${name}`;
    fail({ where, expected: "a whole number >= 1", got: show(n) }, OptionError);
  }
  return 1.2 ** convolutions / block;
}

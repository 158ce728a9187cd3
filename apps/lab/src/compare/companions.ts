import { random } from "@evenkeel/autodiff";
import { crossIterationConv2d } from "@evenkeel/cross-iteration-norm";
import { doubleForward } from "@evenkeel/memorized-norm";
import { CenteredConv2d } from "@evenkeel/moving-average-norm";
import { Conv2d, type Conv2dOptions, Identity, type Module } from "@evenkeel/nn";

/** What a norm's method has besides the norm. */
export interface Companion {
  /**
   * In the place of a convolution and the norm behind it: two modules that start from the same weight.
   * Where they are one, the first is the identity.
   */
  readonly block?: (conv: Drawn, norm: Module) => readonly [Module, Module];
  /** A training step and what the method does with its batch besides. */
  readonly step?: <R>(model: Module, step: () => R, forward: () => unknown) => R;
}

/** A convolution with the options that it was made with. */
interface Drawn {
  readonly conv: Conv2d;
  readonly options: Conv2dOptions;
}

/** Norms that are more than a layer, by their ids; all others are put behind a convolution. */
export const companions: Readonly<Record<string, Companion>> = {
  crossIterationBatchNorm: {
    block(drawn) {
      const conv = new Conv2d({ ...drawn.options, bias: false, random: random(0) });
      return [new Identity(), crossIterationConv2d(withWeightOf(drawn, conv))];
    },
  },
  memorizedBatchNorm: { step: doubleForward },
  movingAverageBatchNorm: {
    block(drawn, norm) {
      const { bias: _, ...options } = drawn.options;
      const conv = new CenteredConv2d({ ...options, random: random(0) });
      return [withWeightOf(drawn, conv), norm];
    },
  },
};

function withWeightOf({ conv }: Drawn, other: Conv2d): Conv2d {
  other.weight.replace(conv.weight.value);
  return other;
}

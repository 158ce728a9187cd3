import {
  fail,
  full,
  mean,
  mul,
  OptionError,
  stopGradient,
  type Tensor,
  vjp,
  zeros,
} from "@evenkeel/autodiff";
import { type Conv2d, Module, type NormModule } from "@evenkeel/nn";
import type { Activation } from "@evenkeel/norm-core";
import type { CrossIterationBatchNormCondition } from "./condition.ts";

/** A convolution as a function of its input and weight, without a bias. */
type Convolve = (x: Tensor, weight: Tensor) => Tensor;

/**
 * A convolution's output and what the norm behind it is told. With y = convolution of x, P what a filter
 * sees at a position, and means over samples and positions:
 *
 *     d mean(y)/dweight = mean(P)        d mean(y²)/dweight = 2·mean(y·P)
 *
 * The first is a convolution's derivative for the mean image and one filter, next to nothing; the second has
 * the cost of one gradient of the weight. Nothing is swept.
 *
 * @param slopes - Whether the derivatives are wanted.
 */
export function convolveAndTell(
  convolve: Convolve,
  x: Tensor,
  weight: Tensor,
  { groups, slopes }: { readonly groups: number; readonly slopes: boolean },
): { readonly output: Tensor; readonly condition: CrossIterationBatchNormCondition } {
  const constant = stopGradient(weight);
  if (!slopes) return { output: convolve(x, weight), condition: { weight: constant } };
  const { value: output, pullback } = vjp((w: Tensor) => convolve(x, w), weight);
  const [products] = pullback(stopGradient(output));
  const values = output.size / output.shape[1]!;
  const image = mean(stopGradient(x), { axes: 0, keepDims: true });
  const single = zeros([groups, ...weight.shape.slice(1)], weight);
  const { value, pullback: back } = vjp((w: Tensor) => convolve(image, w), single);
  const [meanSlope] = back(full(value.shape, groups / value.size, value));
  return {
    output,
    condition: {
      weight: constant,
      meanSlope: stopGradient(meanSlope),
      squareSlope: stopGradient(mul(2 / values, products)),
    },
  };
}

/** A convolution and the cross-iteration norm behind it. Make it with `crossIterationConv2d`. */
export class CrossIterationConv2d extends Module {
  readonly conv: Conv2d;
  readonly norm: NormModule<CrossIterationBatchNormCondition>;

  constructor(conv: Conv2d, norm: NormModule<CrossIterationBatchNormCondition>) {
    super();
    if (conv.bias) {
      fail(
        {
          where: "crossIterationConv2d",
          expected: "a convolution without bias, whose change the norm could not follow",
          got: "one with bias",
          hint: "Pass bias: false; the norm has a bias of its own.",
        },
        OptionError,
      );
    }
    this.conv = conv;
    this.norm = norm;
  }

  /** @param activation - Applied in the norm's own passes over memory. */
  override forward(x: Tensor, _condition?: unknown, activation?: Activation): Tensor {
    const { conv, norm } = this;
    const { output, condition } = convolveAndTell(
      (input, weight) => conv.convolve(input, weight),
      x,
      conv.weight.value,
      { groups: conv.groups, slopes: norm.mode.update },
    );
    return norm.forward(output, condition, activation);
  }
}

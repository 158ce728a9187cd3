import { fail, OptionError, type Tensor } from "@evenkeel/autodiff";
import { checkOptions, flag, nonNegative, type OptionRules } from "@evenkeel/norm-core";
import type { Module } from "../module.ts";
import { combine } from "./kernels.ts";
import {
  everyName,
  type Memory,
  Optimizer,
  type OptimizerOptions,
  type Update,
} from "./optimizer.ts";

export interface SGDOptions extends OptimizerOptions {
  readonly lr: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Part of a gradient that is kept out of the momentum. Default 0. */
  readonly dampening?: number;
  /** Look one step of momentum ahead. Default false. */
  readonly nesterov?: boolean;
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number;
}
const rules: OptionRules<SGDOptions> = {
  lr: nonNegative(),
  momentum: nonNegative(0),
  dampening: nonNegative(0),
  nesterov: flag(false),
  weightDecay: nonNegative(0),
  decay: everyName,
};

/**
 * Stochastic gradient descent with momentum, as PyTorch's.
 *
 *     d = g + weightDecay·p
 *     m = momentum·m + (1 − dampening)·d          at a parameter's first step m = d
 *     p = p − lr·m                                with nesterov p − lr·(d + momentum·m)
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const optimizer = new SGD(model, { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 });
 * optimizer.step(gradients(model, loss).grads);
 */
export class SGD extends Optimizer {
  protected override readonly name = "SGD";
  protected override readonly slotNames: readonly string[];
  private readonly o: Required<SGDOptions>;

  constructor(model: Module, options: SGDOptions) {
    const o = checkOptions("SGD", options, rules);
    if (o.nesterov && (o.momentum === 0 || o.dampening !== 0)) {
      fail(
        {
          where: "SGD nesterov",
          expected: "a momentum > 0 and no dampening",
          got: `momentum ${o.momentum}, dampening ${o.dampening}`,
        },
        OptionError,
      );
    }
    super(model, o);
    this.o = o;
    this.slotNames = o.momentum === 0 ? [] : ["momentum_buffer"];
  }

  protected override update(
    value: Tensor,
    grad: Tensor,
    slots: Memory["slots"],
    _step: number,
    decay: number,
  ): Update {
    const { momentum, dampening, nesterov } = this.o;
    const d = decay === 0 ? grad : combine([grad, value], [1, decay]);
    const descend = (by: Tensor): Tensor => combine([value, by], [1, -this.lr]);
    if (momentum === 0) return { value: descend(d), slots: {} };
    const before = slots["momentum_buffer"];
    const m = before ? combine([before, d], [momentum, 1 - dampening]) : d;
    const ahead = nesterov ? combine([d, m], [1, momentum]) : m;
    return { value: descend(ahead), slots: { momentum_buffer: m } };
  }
}

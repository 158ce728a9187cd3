import { type Tensor, zerosLike } from "@evenkeel/autodiff";
import { checkOptions, nonNegative, type OptionRule, type OptionRules } from "@evenkeel/norm-core";
import type { Module } from "../module.ts";
import { fraction } from "../rules.ts";
import { adamStep, combine, secondMoment } from "./kernels.ts";
import {
  everyName,
  type Memory,
  Optimizer,
  type OptimizerOptions,
  type Update,
} from "./optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.001. */
  readonly lr?: number;
  /** How much of the old means of g and of g² is kept. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Default 0 for Adam, 0.01 for AdamW. */
  readonly weightDecay?: number;
}

const below1 = fraction(0, true).legal;
const betas: OptionRule<readonly [number, number]> = {
  fallback: [0.9, 0.999],
  expected: "two numbers >= 0 and < 1",
  legal: (v) => Array.isArray(v) && v.length === 2 && v.every(below1),
};
function rules(weightDecay: number): OptionRules<AdamOptions> {
  return {
    lr: nonNegative(1e-3),
    betas,
    eps: nonNegative(1e-8),
    weightDecay: nonNegative(weightDecay),
    decay: everyName,
  };
}

/** What Adam and AdamW share: all but where weight decay enters. */
abstract class AdamFamily extends Optimizer {
  protected override readonly slotNames: readonly string[] = ["exp_avg", "exp_avg_sq"];
  private readonly o: Required<AdamOptions>;

  protected constructor(model: Module, o: Required<AdamOptions>) {
    super(model, o);
    this.o = o;
  }

  /** One step along g that first keeps `kept` of the value. */
  protected move(
    value: Tensor,
    g: Tensor,
    slots: Memory["slots"],
    step: number,
    kept: number,
  ): Update {
    const [b1, b2] = this.o.betas;
    const m = combine([slots["exp_avg"] ?? zerosLike(value), g], [b1, 1 - b1]);
    const v = secondMoment([slots["exp_avg_sq"] ?? zerosLike(value), g], b2);
    const next = adamStep([value, m, v], {
      kept,
      size: this.lr / (1 - b1 ** step),
      correction: Math.sqrt(1 - b2 ** step),
      eps: this.o.eps,
    });
    return { value: next, slots: { exp_avg: m, exp_avg_sq: v } };
  }
}

/**
 * Adam, as PyTorch's; weight decay is added to the gradient.
 *
 *     g = g + weightDecay·p
 *     m = β₁·m + (1 − β₁)·g,   v = β₂·v + (1 − β₂)·g²
 *     p = p − lr · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + eps)
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const optimizer = new Adam(model, { lr: 1e-3 });
 */
export class Adam extends AdamFamily {
  protected override readonly name = "Adam";

  constructor(model: Module, options: AdamOptions = {}) {
    super(model, checkOptions("Adam", options, rules(0)));
  }

  protected override update(
    value: Tensor,
    grad: Tensor,
    slots: Memory["slots"],
    step: number,
    decay: number,
  ): Update {
    const g = decay === 0 ? grad : combine([grad, value], [1, decay]);
    return this.move(value, g, slots, step, 1);
  }
}

/**
 * Adam with decoupled weight decay, as PyTorch's: p = (1 − lr·weightDecay)·p before the step of Adam.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * const optimizer = new AdamW(model, { lr: 1e-3, decay: (name) => name.endsWith("weight") });
 */
export class AdamW extends AdamFamily {
  protected override readonly name = "AdamW";

  constructor(model: Module, options: AdamOptions = {}) {
    super(model, checkOptions("AdamW", options, rules(0.01)));
  }

  protected override update(
    value: Tensor,
    grad: Tensor,
    slots: Memory["slots"],
    step: number,
    decay: number,
  ): Update {
    return this.move(value, grad, slots, step, 1 - this.lr * decay);
  }
}

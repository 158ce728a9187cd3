import {
  EvenkeelError,
  fail,
  full,
  nearest,
  OptionError,
  ShapeError,
  sameShape,
  scope,
  show,
  showShape,
  stopGradient,
  type Tensor,
} from "@evenkeel/autodiff";
import { nonNegative, type OptionRule } from "@evenkeel/norm-core";
import { own, type Parameter, retire } from "../cell.ts";
import type { Module, StateDict } from "../module.ts";
import { checkFiniteGradient, type Grads } from "./clip.ts";

/** What an optimizer remembers of one parameter. */
export interface Memory {
  /** How often the parameter was stepped. */
  readonly step: number;
  readonly slots: Readonly<Record<string, Tensor>>;
}
/** A parameter's next value and what to remember of it. */
export interface Update {
  readonly value: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

export interface OptimizerOptions {
  /** Step size; see also the optimizer's `lr`, which may be set at any time. */
  readonly lr?: number;
  /** Strength of weight decay. */
  readonly weightDecay?: number;
  /**
   * Which parameters decay, by name. Default: all, as in PyTorch. Norms' own are often left out:
   * `(name) => name.endsWith("weight") && !name.includes("bn")`.
   */
  readonly decay?: (name: string) => boolean;
}

export const everyName: OptionRule<(name: string) => boolean> = {
  fallback: () => true,
  expected: "a function of a parameter's name",
  legal: (v) => typeof v === "function",
};

/** What SGD, Adam and AdamW share. Everything is checked before anything is changed. */
export abstract class Optimizer {
  private readonly model: Module;
  private readonly memory = new Map<Parameter, Memory>();
  private readonly options: Required<Pick<OptimizerOptions, "weightDecay" | "decay">>;
  private rate: number;
  /** What messages call it: a class's own name does not survive minification. */
  protected abstract readonly name: string;
  /** Names of the tensors remembered per parameter, as in PyTorch's state. */
  protected abstract readonly slotNames: readonly string[];

  protected constructor(model: Module, options: Required<OptimizerOptions>) {
    this.model = model;
    this.options = options;
    this.rate = options.lr;
  }

  /** The step size. Set it before a step to follow a schedule. */
  get lr(): number {
    return this.rate;
  }
  set lr(value: number) {
    const { legal, expected } = nonNegative();
    if (!legal(value)) fail({ where: "lr", expected, got: show(value) }, OptionError);
    this.rate = value;
  }

  /** The next value of a parameter at its `step`-th step (from 1). */
  protected abstract update(
    value: Tensor,
    grad: Tensor,
    slots: Memory["slots"],
    step: number,
    decay: number,
  ): Update;

  /**
   * One step along the gradients. Parameters without one stay as they are; the replaced tensors are
   * released.
   *
   * @param grads - By parameter name, as `gradients` returns them.
   * @throws ValueError for a gradient with NaN or Infinity, where the backend's memory can be looked at;
   *   EvenkeelError for an unknown name, ShapeError for another shape. Nothing is changed then.
   */
  step(grads: Grads): void {
    const where = `${this.name}.step`;
    const parameters = this.model.namedParameters();
    const found = Object.entries(grads).map(([name, grad]) => {
      const parameter = parameters.get(name) ?? refuseName(where, name, parameters.keys());
      checkGradient(where, name, grad, parameter);
      return { name, grad, parameter };
    });
    scope(() => {
      const next = found.map(({ name, grad, parameter }) => {
        const { step, slots } = this.memory.get(parameter) ?? { step: 0, slots: {} };
        const decay = this.options.decay(name) ? this.options.weightDecay : 0;
        const made = this.update(parameter.value, grad, slots, step + 1, decay);
        parameter.check(where, made.value, name);
        return { parameter, value: own(made.value), step: step + 1, slots: ownAll(made.slots) };
      });
      for (const { parameter, value, step, slots } of next) {
        parameter.adopt(value);
        this.remember(parameter, { step, slots });
      }
    });
  }

  private remember(parameter: Parameter, next: Memory): void {
    retire(...Object.values(this.memory.get(parameter)?.slots ?? {}));
    this.memory.set(parameter, next);
  }

  /**
   * What the optimizer remembers: "<parameter>.step" and "<parameter>.<slot>", the slots under
   * PyTorch's names ("momentum_buffer", "exp_avg", "exp_avg_sq"). Options such as `lr` are not in it.
   * `readStateDict` gives the numbers.
   */
  stateDict(): Record<string, Tensor> {
    const dict: Record<string, Tensor> = {};
    for (const [name, parameter] of this.model.namedParameters()) {
      const memory = this.memory.get(parameter);
      if (!memory) continue;
      dict[`${name}.step`] = full([], memory.step, { dtype: "float64" });
      for (const [slot, t] of Object.entries(memory.slots)) {
        dict[`${name}.${slot}`] = stopGradient(t);
      }
    }
    return dict;
  }

  /**
   * Goes on from what `stateDict` returned, forgetting what was remembered.
   *
   * @throws EvenkeelError for names that are missing or belong to no parameter, ShapeError for another
   *   shape. Nothing is changed then.
   */
  loadStateDict(dict: StateDict): void {
    const where = `${this.name}.loadStateDict`;
    const unused = new Set(Object.keys(dict));
    const take = (name: string): Tensor => {
      unused.delete(name);
      return dict[name] ?? refuseName(where, name, Object.keys(dict), "to be in the dictionary");
    };
    const next = new Map<Parameter, Memory>();
    for (const [name, parameter] of this.model.namedParameters()) {
      if (!dict[`${name}.step`]) continue;
      const slots = this.slotNames.map((slot) => {
        const t = take(`${name}.${slot}`);
        parameter.check(where, t, `${name}.${slot}`);
        return [slot, t] as const;
      });
      next.set(parameter, { step: take(`${name}.step`).item(), slots: Object.fromEntries(slots) });
    }
    for (const name of unused) refuseName(where, name, this.model.namedParameters().keys());
    for (const { slots } of this.memory.values()) retire(...Object.values(slots));
    this.memory.clear();
    for (const [p, { step, slots }] of next) this.memory.set(p, { step, slots: ownAll(slots) });
  }
}

function ownAll(tensors: Memory["slots"]): Memory["slots"] {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, own(t)]));
}

function checkGradient(where: string, name: string, grad: Tensor, parameter: Parameter): void {
  const { shape } = parameter.value;
  if (!sameShape(grad.shape, shape)) {
    fail(
      {
        where,
        expected: `a gradient of shape ${showShape(shape)} for ${name}`,
        got: showShape(grad.shape),
      },
      ShapeError,
    );
  }
  checkFiniteGradient(where, name, grad);
}

function refuseName(
  where: string,
  name: string,
  names: Iterable<string>,
  expected = "names of the model's parameters",
): never {
  const near = nearest(name, names);
  return fail(
    { where, expected, got: show(name), ...(near && { hint: `Did you mean ${near}?` }) },
    EvenkeelError,
  );
}

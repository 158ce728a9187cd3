import type { Tensor } from "@evenkeel/autodiff";
import {
  type Activation,
  type BoundNorm,
  evaluation,
  type Mode,
  type Norm,
  training,
} from "@evenkeel/norm-core";
import { Buffer, type Cell, Parameter } from "./cell.ts";
import { type Member, Module } from "./module.ts";
import { type DrawOptions, streamOf } from "./rules.ts";

/** A norm with its parameters and state, in PyTorch's way. Make it with `norm`. */
export class NormModule<C = never> extends Module {
  readonly norm: BoundNorm<C>;
  readonly params: Readonly<Record<string, Parameter>>;
  readonly state: Readonly<Record<string, Buffer>>;
  /**
   * What this norm does whatever `train` and `eval` say; {} to follow them. The two switches are
   * independent, and which parameters train is a third: `params.weight.trainable`.
   *
   * @example
   * bn.pinned = { statistics: "batch" }; // in evaluation, too; running ones still rest there
   */
  pinned: Partial<Mode> = {};

  constructor(bound: BoundNorm<C>, options: DrawOptions = {}) {
    super();
    this.norm = bound;
    const { dtype } = options;
    const { params, state } = bound.init({ dtype, random: streamOf(options) });
    this.params = mapValues(
      params,
      (t, name) => new Parameter(t, { trainable: !isFrozen(bound, name) }),
    );
    this.state = mapValues(state, (t) => new Buffer(t));
  }

  /** The norm's parameters and buffers under their official PyTorch names. */
  override members(): Iterable<readonly [string, Member]> {
    const { keys } = this.norm.card;
    const cells = Object.entries({ ...this.params, ...this.state });
    return cells.map(([name, cell]) => [keys[name] ?? name, cell]);
  }

  /** What the next forward does: that of train or eval, as far as nothing is pinned. */
  get mode(): Mode {
    return { ...(this.training ? training : evaluation), ...this.pinned };
  }

  /**
   * Normalizes x. Buffers take the next state when the norm has succeeded, not before.
   *
   * @param activation - Applied in the norm's own passes over memory; `Sequential` does it for a ReLU.
   */
  override forward(x: Tensor, condition?: C, activation?: Activation): Tensor {
    const { mode } = this;
    const [params, before] = [mapValues(this.params, current), mapValues(this.state, current)];
    const { output, state } = this.norm.apply(x, params, before, {
      mode,
      condition,
      activation,
    });
    for (const [name, buffer] of Object.entries(this.state)) {
      const next = state[name];
      if (next && next !== before[name]) buffer.replace(next);
    }
    return output;
  }
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  f: (a: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, a]) => [name, f(a, name)]));
}
const isFrozen = ({ card }: BoundNorm<never>, name: string): boolean =>
  card.frozen?.includes(name) ?? false;
const current = (cell: Cell): Tensor => cell.value;

/**
 * A norm as a module.
 *
 * @param kind - `batchNorm`, `groupNorm`, … or one of your own made with `defineNorm`.
 * @param options - The norm's own options.
 * @param init - The dtype of parameters and state, and where random first values come from.
 * @throws OptionError for an option that the norm does not know or refuses.
 *
 * @example
 * const bn = norm(batchNorm, { numFeatures: 64 });
 * bn.forward(x); // x: [samples, 64, height, width]
 */
export function norm<O extends object, C = never>(
  kind: Norm<O, C>,
  options: O,
  init: DrawOptions = {},
): NormModule<C> {
  return new NormModule(kind(options), init);
}

export interface FreezeOptions {
  /** Use running statistics and leave them as they are. Default true. */
  readonly statistics?: boolean;
  /** Leave the norm's own parameters as they are. Default true. */
  readonly affine?: boolean;
}

/** Calls `visit` for every norm in a module. */
function eachNorm(module: Module, visit: (m: NormModule<never>) => void): void {
  for (const [, m] of module.namedModules()) if (m instanceof NormModule) visit(m);
}

/**
 * Makes every norm in a module use its running statistics without updating them, and its parameters
 * untrainable. It holds through `train(true)`, until `unfreeze`.
 *
 * **When to use.** Fine-tuning with few samples per batch.
 *
 * @example
 * freeze(backbone, { affine: false }); // statistics rest, weight and bias still learn
 */
export function freeze(
  module: Module,
  { statistics = true, affine = true }: FreezeOptions = {},
): void {
  eachNorm(module, (m) => {
    if (statistics) m.pinned = evaluation;
    if (affine) for (const p of Object.values(m.params)) p.trainable = false;
  });
}

/**
 * Undoes `freeze`: norms follow `train` and `eval` again, and their parameters are trainable, but for
 * those that the method itself does not train.
 */
export function unfreeze(
  module: Module,
  { statistics = true, affine = true }: FreezeOptions = {},
): void {
  eachNorm(module, (m) => {
    if (statistics) m.pinned = {};
    if (!affine) return;
    for (const [name, p] of Object.entries(m.params)) p.trainable = !isFrozen(m.norm, name);
  });
}

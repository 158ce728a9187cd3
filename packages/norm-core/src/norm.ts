import { type DType, type Random, relu, random as stream, type Tensor } from "@evenkeel/autodiff";
import type { Activation } from "./normalize.ts";
import { checkOptions, type OptionRules } from "./options.ts";

/** Parameters or state by name; the names are those of the golden files. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Two of the three switches of a norm; the third, what is trainable, is the caller's choice of arguments. */
export interface Mode {
  /** Normalize with the batch's own statistics or with the running ones. */
  readonly statistics: "batch" | "running";
  /** Whether running statistics take in this batch. */
  readonly update: boolean;
}
/** Batch statistics, running ones updated: PyTorch's `train()`. */
export const training: Mode = { statistics: "batch", update: true };
/** Running statistics, not updated: PyTorch's `eval()`. */
export const evaluation: Mode = { statistics: "running", update: false };

/** The paper that proposed a norm. */
export interface Paper {
  readonly title: string;
  readonly authors: string;
  readonly year: number;
  readonly venue?: string;
  readonly arxiv?: string;
  /** The repository whose numbers the golden files hold. */
  readonly code?: string;
}

/** What a norm says of itself; tables, pages and error messages are made from it. */
export interface Card {
  /** The export's name, and the name on command lines: "batchNorm". */
  readonly id: string;
  /** "Batch normalization". */
  readonly name: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** The formula, in TeX. */
  readonly tex: string;
  readonly paper: Paper;
  /**
   * Official PyTorch state-dict key of each parameter and buffer. Where a checkpoint has it otherwise:
   * "bns.*.weight" has each row under a key of its own, "embed.weight[1]" is the second of equal parts of
   * one tensor along its last axis, "embed.weight[-1][1]" such a part of a last row.
   */
  readonly keys: Readonly<Record<string, string>>;
  /** Parameters that the method does not train, such as pretrained ones; nn makes them untrainable. */
  readonly frozen?: readonly string[];
  /** The method is norm and activation in one: no activation belongs behind it. Default false. */
  readonly activated?: boolean;
  /** Where we differ from the paper or from its published code, and why. */
  readonly notes: readonly string[];
}

export interface Initial {
  readonly params: Tensors;
  readonly state: Tensors;
}
export interface Applied {
  /** Of x's shape and dtype. */
  readonly output: Tensor;
  /** The next state; the very object that came in when nothing was updated. */
  readonly state: Tensors;
}
export interface InitOptions {
  /** Of parameters and state. Default "float32". */
  readonly dtype?: DType | undefined;
  /** Where random first values come from, for the norms that have any. Default: one from seed 0. */
  readonly random?: Random | undefined;
}
export interface Context<C> {
  /** Default `training`. */
  readonly mode?: Mode;
  /** What the norm is conditioned on, with a type of its own: ids, a mask, an embedding. */
  readonly condition?: C | undefined;
  /** Applied to the output; most norms do it in the passes that they make anyway. Default: none. */
  readonly activation?: Activation | undefined;
}

/** A norm with its options: two pure functions. Nothing is updated in place; no gradient reaches the state. */
export interface BoundNorm<C = never> {
  readonly card: Card;
  readonly options: object;
  /** Fresh parameters and state. */
  init(options?: InitOptions): Initial;
  /**
   * The output and the next state. Numbers in tensors (a mask's, running statistics) are checked where the
   * backend's memory is in the process; those in arrays, such as class ids, always.
   */
  apply(x: Tensor, params: Tensors, state: Tensors, context?: Context<C>): Applied;
}

/** A norm: give it options, get a `BoundNorm`. */
export interface Norm<O extends object, C = never> {
  (options: O): BoundNorm<C>;
  readonly card: Card;
}

/** The two functions and what they need, as a variant's author writes them. */
export interface NormSpec<O extends object, C> {
  readonly card: Card;
  /** Every option with its rule and default. */
  readonly options: OptionRules<O>;
  /** Complaints about options that no single rule can see. */
  check?(options: Required<O>): void;
  init(options: Required<O>, dtype: DType, random: Random): Initial;
  /** `apply` hands the activation on to `normalizePlanes`; without it is applied afterwards. Default false. */
  readonly fusesActivation?: boolean;
  apply(
    x: Tensor,
    params: Tensors,
    state: Tensors,
    options: Required<O>,
    context: {
      readonly mode: Mode;
      readonly condition: C | undefined;
      readonly activation: Activation | undefined;
    },
  ): Applied;
}

/**
 * Makes a norm from its two pure functions. Options are checked once, when they are bound.
 *
 * @example
 * const bn = batchNorm({ numFeatures: 64 });
 * const { params, state } = bn.init();
 * const { output, state: next } = bn.apply(x, params, state, { mode: training });
 */
export function defineNorm<O extends object, C = never>(spec: NormSpec<O, C>): Norm<O, C> {
  const { card } = spec;
  const bind = (given: O): BoundNorm<C> => {
    const options = checkOptions(card.id, given, spec.options);
    spec.check?.(options);
    return {
      card,
      options,
      init: ({ dtype = "float32", random = stream(0) } = {}) => spec.init(options, dtype, random),
      apply(x, params, state, { mode = training, condition, activation } = {}) {
        const applied = spec.apply(x, params, state, options, { mode, condition, activation });
        if (activation === undefined || spec.fusesActivation) return applied;
        return { ...applied, output: relu(applied.output) };
      },
    };
  };
  return Object.assign(bind, { card });
}

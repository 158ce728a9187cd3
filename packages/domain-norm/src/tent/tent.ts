import {
  exp,
  fail,
  keep,
  logSoftmax,
  mean,
  mul,
  neg,
  OptionError,
  sum,
  type Tensor,
} from "@evenkeel/autodiff";
import { Adam, gradients, type Module, NormModule, type Optimizer } from "@evenkeel/nn";
import { type Card, checkOptions, count, flag, type OptionRules } from "@evenkeel/norm-core";

/** What TENT says of itself; it is a way to use norms, no norm. */
export const tentCard: Card = {
  id: "tent",
  name: "Test-time entropy minimization (TENT)",
  summary:
    "Adapts the affine of a network's norms on test batches, by gradient steps on the entropy of the predictions.",
  tex: String.raw`\min_{\gamma, \beta} \tfrac{1}{N}\sum_n H(\mathrm{softmax}(f(x_n)))`,
  paper: {
    title: "Tent: Fully Test-Time Adaptation by Entropy Minimization",
    authors: "Wang, Shelhamer, Liu, Olshausen, Darrell",
    year: 2021,
    venue: "ICLR",
    arxiv: "2006.10726",
    code: "DequanWang/tent@e9e926a",
  },
  keys: {},
  notes: [
    "Affines of all norms are adapted; the code knows BatchNorm2d alone.",
    "A norm's eps stays; the code's helper replaces it by 1e-5.",
  ],
};

/** How a network adapts. */
export interface TentOptions {
  /** Makes the optimizer of the model's trainable parameters. Default: Adam with lr 1e-3. */
  readonly optimizer?: (model: Module) => Optimizer;
  /** Gradient steps on each batch. Default 1. */
  readonly steps?: number;
  /** Forget before each batch what was adapted before. Default false: adapt on. */
  readonly episodic?: boolean;
}

/** A network that adapts to what it predicts. */
export interface Tent {
  /**
   * Logits of a batch, from before its last gradient step, and the steps.
   *
   * @throws ValueError for a gradient that is not finite; the model is unchanged by that step.
   */
  adapt(x: Tensor, condition?: unknown): Tensor;
  /** Puts the adapted parameters and the optimizer back to where they were when `tent` was called. */
  reset(): void;
  /** `reset`, and gives the model back: what was trainable and pinned before. */
  restore(): void;
}

const rules: OptionRules<TentOptions> = {
  optimizer: {
    fallback: (model) => new Adam(model, { lr: 1e-3 }),
    expected: "a function that makes an optimizer for a model",
    legal: (v) => typeof v === "function",
  },
  steps: count(1),
  episodic: flag(false),
};

/**
 * Entropy of each row's softmax, −Σ p log p: how unsure a prediction is.
 *
 * @param logits - [samples, classes].
 * @returns [samples].
 *
 * @example
 * const unsure = softmaxEntropy(zeros([2, 10])); // log 10 each
 */
export function softmaxEntropy(logits: Tensor): Tensor {
  const log = logSoftmax(logits, { axis: -1 });
  return neg(sum(mul(exp(log), log), { axes: -1 }));
}

/**
 * Test-time entropy minimization: a network that adapts to the batches that it predicts.
 *
 *     logits = model(x), norms by the statistics of the batch
 *     loss = mean of the entropies of softmax(logits)
 *     step of the optimizer on the norms' own parameters alone
 *
 * **When to use.** A trained classifier, a stream of unlabelled test batches from another distribution,
 * each with many samples of several classes. A long stream may drive it to one class: then `episodic`, or
 * `reset` now and then.
 *
 * **Differs from the paper.** Norms of any kind are adapted. Layers besides norms are as in evaluation.
 *
 * @param model - Of which all norms' parameters adapt, but for those that their method does not train. It
 *   is put into evaluation, its norms are pinned to batch statistics without updates, and everything else
 *   is made untrainable.
 * @throws OptionError for a model without norms that have parameters, or illegal options.
 *
 * @example
 * const layer = norm(predictionTimeBatchNorm, { numFeatures: 3 });
 * const model = new Sequential(layer, new Flatten(), new Linear({ inFeatures: 48, outFeatures: 10 }));
 * const adapting = tent(model, { optimizer: (m) => new SGD(m, { lr: 0.01, momentum: 0.9 }) });
 * const logits = adapting.adapt(random(1).normal([16, 3, 4, 4], { mean: 1 }));
 *
 * @see Wang and others, Tent: Fully Test-Time Adaptation by Entropy Minimization, ICLR 2021, arXiv
 *   2006.10726.
 */
export function tent(model: Module, options: TentOptions = {}): Tent {
  const { optimizer: make, steps, episodic } = checkOptions(tentCard.id, options, rules);
  const norms = normsOf(model);
  const giveBack = prepare(model, norms);
  const source = keep(model.stateDict());
  let optimizer = orUndo(() => make(model), giveBack);
  const reset = (): void => {
    model.loadStateDict(source);
    optimizer = make(model);
  };
  const step = (x: Tensor, condition: unknown): Tensor => {
    const { grads, aux } = gradients(model, () => {
      const logits = model.forward(x, condition);
      return [mean(softmaxEntropy(logits)), logits] as const;
    });
    optimizer.step(grads);
    return aux;
  };
  return {
    adapt(x, condition) {
      if (episodic) reset();
      for (let i = 1; i < steps; i++) step(x, condition);
      return step(x, condition);
    },
    reset,
    restore() {
      reset();
      giveBack();
    },
  };
}

function orUndo<R>(run: () => R, undo: () => void): R {
  try {
    return run();
  } catch (error) {
    undo();
    throw error;
  }
}

/** Leaves only the norms' own parameters trainable; the function returned undoes it. */
function prepare(model: Module, norms: readonly NormModule[]): () => void {
  const parameters = [...model.namedParameters().values()].map((p) => [p, p.trainable] as const);
  const modes = [...model.namedModules()].map(([, m]) => [m, m.training] as const);
  const pinned = norms.map((m) => m.pinned);
  for (const [p] of parameters) p.trainable = false;
  for (const { norm, params } of norms) {
    for (const [name, p] of Object.entries(params)) p.trainable = !norm.card.frozen?.includes(name);
  }
  for (const m of norms) m.pinned = { statistics: "batch", update: false };
  model.eval();
  return () => {
    for (const [p, trainable] of parameters) p.trainable = trainable;
    for (const [m, training] of modes) m.training = training;
    norms.forEach((m, i) => {
      m.pinned = pinned[i]!;
    });
  };
}

function normsOf(model: Module): readonly NormModule[] {
  const norms = [...model.namedModules()].flatMap(([, m]) =>
    m instanceof NormModule ? [m as NormModule] : [],
  );
  if (norms.some(({ params }) => Object.keys(params).length > 0)) return norms;
  return fail(
    {
      where: tentCard.id,
      expected: "a model with norms that have parameters",
      got: "none of them",
      hint: "Give its norms affine: true.",
    },
    OptionError,
  );
}

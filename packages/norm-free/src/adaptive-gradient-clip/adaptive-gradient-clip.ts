import {
  div,
  fail,
  less,
  maximum,
  mul,
  OptionError,
  ShapeError,
  sameShape,
  scope,
  show,
  showShape,
  sqrt,
  square,
  sum,
  type Tensor,
  where,
} from "@evenkeel/autodiff";
import type { Grads, Module } from "@evenkeel/nn";
import { type Card, checkOptions, nonNegative, type OptionRules } from "@evenkeel/norm-core";
import { restOf } from "../filters.ts";

/** Options of `adaptiveGradientClip`. */
export interface AdaptiveGradientClipOptions {
  /** The largest gradient of a unit, relative to its weights. Default 0.02. */
  readonly clipFactor?: number;
  /** Weights of a unit count at least this much, so that it can leave 0. Default 1e-3. */
  readonly eps?: number;
}

/** Options of `clipGradAdaptive`. */
export interface ClipGradAdaptiveOptions extends AdaptiveGradientClipOptions {
  /** Which parameters, by name. Default: all without "fc" in their name, as in the authors' code. */
  readonly clips?: (name: string) => boolean;
}

/** What tables say of `adaptiveGradientClip`. */
export const adaptiveGradientClipCard: Card = {
  id: "adaptiveGradientClip",
  name: "Adaptive gradient clipping",
  summary: "Bounds the gradient of each unit by the size of its weights.",
  tex: String.raw`G_u \leftarrow \lambda\,\frac{\max(\|W_u\|, \epsilon)}{\|G_u\|}\,G_u \quad\text{where } \|G_u\| > \lambda \max(\|W_u\|, \epsilon)`,
  paper: {
    title: "High-Performance Large-Scale Image Recognition Without Normalization",
    authors: "Brock, De, Smith, Simonyan",
    year: 2021,
    venue: "ICML",
    arxiv: "2102.06171",
    code: "VITA-Group/BNN_NoBN",
  },
  keys: {},
  notes: ["The default factor is that of the scripts of BNN_NoBN, 0.02."],
};

const rules: OptionRules<AdaptiveGradientClipOptions> = {
  clipFactor: nonNegative(0.02),
  eps: nonNegative(1e-3),
};

/**
 * Adaptive gradient clipping (AGC) of one parameter.
 *
 *     bound = clipFactor · max(‖W[u]‖, eps)        u: a filter or row; all of a tensor of rank 0 or 1
 *     G[u] → G[u] · bound / max(‖G[u]‖, 1e-6)      where ‖G[u]‖ >= bound
 *
 * **When to use.** Mostly through `clipGradAdaptive`.
 *
 * @param weight - Of any shape.
 * @param grad - Its gradient, of the same shape.
 * @throws ShapeError for another shape; OptionError for illegal options.
 *
 * @example
 * const [weight, grad] = [random(1).normal([4, 3]), random(2).normal([4, 3])];
 * const clipped = adaptiveGradientClip(weight, grad, { clipFactor: 0.01 });
 *
 * @see Brock, De, Smith and Simonyan, ICML 2021, arXiv 2102.06171.
 */
export function adaptiveGradientClip(
  weight: Tensor,
  grad: Tensor,
  options: AdaptiveGradientClipOptions = {},
): Tensor {
  const id = adaptiveGradientClipCard.id;
  const { clipFactor, eps } = checkOptions(id, options, rules);
  if (!sameShape(weight.shape, grad.shape)) {
    const expected = `a gradient of shape ${showShape(weight.shape)}, as the weight`;
    fail({ where: id, expected, got: showShape(grad.shape) }, ShapeError);
  }
  const bound = mul(clipFactor, maximum(unitNorms(weight), eps));
  const norms = unitNorms(grad);
  const clipped = mul(grad, div(bound, maximum(norms, 1e-6)));
  return where(less(norms, bound), grad, clipped);
}

/** The Euclidean norm of each filter or row; of a vector or number, of all. */
function unitNorms(t: Tensor): Tensor {
  if (t.rank < 2) return sqrt(sum(square(t)));
  return sqrt(sum(square(t), { axes: restOf(t), keepDims: true }));
}

/**
 * A model's gradients, each unit's bounded by the size of its weights.
 *
 * **When to use.** Between `gradients` and `optimizer.step`, in networks without norms; there large steps are not
 * harmless as they are before a batch norm.
 *
 * **Differs from the paper.** The last linear layer is left out by its name, "fc", as in the authors' code. Give
 * `clips` where it has another.
 *
 * @param grads - By parameter name, as `gradients` returns them.
 * @returns All of them; those that are not clipped are the very tensors.
 * @throws OptionError for a name that is no parameter's, or illegal options; ShapeError for another shape.
 *
 * @example
 * const model = new Linear({ inFeatures: 4, outFeatures: 2 });
 * const { grads } = gradients(model, () => mean(model.forward(ones([8, 4]))));
 * new SGD(model, { lr: 0.1 }).step(clipGradAdaptive(model, grads, { clipFactor: 0.01 }));
 *
 * @see Brock, De, Smith and Simonyan, ICML 2021, arXiv 2102.06171.
 */
export function clipGradAdaptive(
  model: Module,
  grads: Grads,
  { clips = (name) => !name.includes("fc"), ...options }: ClipGradAdaptiveOptions = {},
): Record<string, Tensor> {
  const parameters = model.namedParameters();
  const checked = checkOptions("clipGradAdaptive", options, rules);
  const clipped = Object.entries(grads).map(([name, grad]) => {
    const parameter = parameters.get(name);
    if (!parameter) {
      const expected = "names of the model's parameters";
      fail({ where: "clipGradAdaptive", expected, got: show(name) }, OptionError);
    }
    if (!clips(name)) return [name, grad] as const;
    return [name, scope(() => adaptiveGradientClip(parameter.value, grad, checked))] as const;
  });
  return Object.fromEntries(clipped);
}

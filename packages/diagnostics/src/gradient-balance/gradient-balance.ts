import {
  fail,
  mul,
  ShapeError,
  scope,
  showShape,
  sum,
  type Tensor,
  tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { gradients, type Module } from "@evenkeel/nn";
import { effectiveNumber } from "../effective-number.ts";
import { checkInProcess } from "../in-process.ts";
import type { PlotSpec } from "../plot.ts";
import { resting } from "../watch.ts";

/** How strongly each class pulls at the parameters. */
export interface GradientBalance {
  /** The class ids that occur, ascending. */
  readonly classes: Int32Array;
  /** Samples of each of them. */
  readonly counts: Int32Array;
  /** For each of them the length of the gradient of its samples' mean loss, over all trainable parameters. */
  readonly norms: Float64Array;
  /** The same for each parameter by itself. */
  readonly parameters: readonly ParameterBalance[];
  /** From 1 / classes, where one class has all the gradient, to 1, where all have equal ones; 0 without any. */
  readonly balance: number;
}

/** The part of one parameter. */
export interface ParameterBalance {
  /** Its name in the model. */
  readonly name: string;
  /** As many as there are classes. */
  readonly norms: Float64Array;
}

/**
 * The lengths of the gradients of each class's own loss, and how even they are.
 *
 *     g[k] = ‖∂ mean over samples n of class k of loss[n] / ∂θ‖,   p = g / Σ g
 *     balance = exp(−Σ p·log p) / classes
 *
 * Every class's gradient is taken through the whole batch, so norms by batch statistics see the batch that they
 * would see in training.
 *
 * **When to use.** With unequal numbers of samples, tasks that come one after the other, or a class that does
 * not learn. The definition is ours, not a paper's.
 *
 * @param labels - The class id of each sample.
 * @param losses - Runs the model on the batch and returns the loss of each sample, [samples]. It is called
 *   once per class; running statistics rest. With dropout each call draws anew.
 * @throws ShapeError if there are no samples or `losses` does not return one loss for each; ValueError for
 *   ids that are no whole numbers; whatever `losses` throws.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const perSample = () => crossEntropy(model.forward(x), labels, { reduction: "none" });
 * const { classes, norms, balance } = gradientBalance(model, labels, perSample);
 */
export function gradientBalance(
  model: Module,
  labels: ArrayLike<number>,
  losses: () => Tensor,
): GradientBalance {
  checkInProcess("gradientBalance");
  checkLabels(labels);
  const classes = Int32Array.from(new Set(Array.from(labels))).sort();
  const counts = classes.map((k) => samplesOf(labels, k));
  const columns = resting(model, () =>
    Array.from(classes, (k, i) => lengthsFor(model, labels, k, 1 / counts[i]!, losses)),
  );
  const parameters = [...columns[0]!.keys()].map((name) => ({
    name,
    norms: Float64Array.from(columns, (lengths) => lengths.get(name)!),
  }));
  const norms = Float64Array.from(classes, (_, i) =>
    Math.hypot(...parameters.map((p) => p.norms[i]!)),
  );
  const balance = effectiveNumber(norms) / classes.length;
  return { classes, counts, norms, parameters, balance };
}

function checkLabels(labels: ArrayLike<number>): void {
  const where = "gradientBalance labels";
  if (labels.length === 0)
    fail({ where, expected: "a class id per sample", got: "none" }, ShapeError);
  const odd = Array.from(labels).find((label) => !Number.isInteger(label));
  if (odd !== undefined) fail({ where, expected: "whole numbers", got: String(odd) }, ValueError);
}

function samplesOf(labels: ArrayLike<number>, k: number): number {
  return Array.from(labels).reduce((count, label) => count + (label === k ? 1 : 0), 0);
}

/** The length of each parameter's gradient of one class's loss. */
function lengthsFor(
  model: Module,
  labels: ArrayLike<number>,
  k: number,
  share: number,
  losses: () => Tensor,
): Map<string, number> {
  const weights = Float64Array.from(labels, (label) => (label === k ? share : 0));
  return scope(() => {
    const { grads } = gradients(model, () => {
      const each = checkLosses(losses(), labels.length);
      return sum(mul(each, tensor(weights, { dtype: each.dtype })));
    });
    return new Map(
      Object.entries(grads).map(([name, { data }]) => {
        let squares = 0;
        for (const g of data) squares += g * g;
        return [name, Math.sqrt(squares)];
      }),
    );
  });
}

function checkLosses(losses: Tensor, samples: number): Tensor {
  if (losses.rank === 1 && losses.size === samples) return losses;
  return fail(
    {
      where: "gradientBalance losses",
      expected: `shape [${samples}], a loss per sample`,
      got: showShape(losses.shape),
      hint: 'Pass { reduction: "none" } to the loss.',
    },
    ShapeError,
  );
}

/**
 * A bar per class: the length of its gradient.
 *
 * @example
 * const { title, scales, marks } = balancePlot(gradientBalance(model, labels, perSample));
 */
export function balancePlot({ classes, norms }: GradientBalance): PlotSpec {
  const data = Array.from(classes, (k, i) => ({ class: k, norm: norms[i]! }));
  return {
    title: "Length of the gradient of each class's own loss",
    scales: {
      x: { label: "class", type: "band", domain: Array.from(classes) },
      y: { label: "gradient norm", grid: true },
    },
    marks: [{ mark: "barY", data, options: { x: "class", y: "norm", fill: "currentColor" } }],
  };
}

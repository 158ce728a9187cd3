import {
  add,
  fail,
  logSoftmax,
  mean,
  mul,
  neg,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  square,
  sub,
  sum,
  Tensor,
  tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { checkOptions, type OptionRules, oneOf } from "@evenkeel/norm-core";
import { crossEntropyOfIds } from "./ops/cross-entropy.ts";
import { fraction } from "./rules.ts";

/** One number (their mean or sum), or one per sample. */
export type Reduction = "mean" | "sum" | "none";

const reduction = oneOf(["mean", "sum", "none"], "mean");

function reduce(losses: Tensor, by: Reduction): Tensor {
  if (by === "none") return losses;
  return by === "sum" ? sum(losses) : mean(losses);
}

export interface CrossEntropyOptions {
  /** Weight of the uniform distribution in the target. Default 0. */
  readonly labelSmoothing?: number;
  /** Default "mean". */
  readonly reduction?: Reduction;
}
const crossEntropyRules: OptionRules<CrossEntropyOptions> = {
  labelSmoothing: fraction(0),
  reduction,
};

/**
 * Cross-entropy of classes from logits.
 *
 *     loss[n] = − Σ over k of t[n, k] · logSoftmax(logits)[n, k],   t = (1 − s)·target + s/K
 *
 * @param logits - [samples, classes].
 * @param target - A class id per sample, or probabilities of shape [samples, classes].
 * @param options.labelSmoothing - s above.
 * @returns One number, or [samples] with reduction "none".
 * @throws ShapeError if the shapes do not fit; ValueError for an id outside the classes.
 *
 * @example
 * crossEntropy(tensor([[2, 0, -1]]), [0]).item(); // 0.1698
 */
export function crossEntropy(
  logits: Tensor,
  target: readonly number[] | Int32Array | Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  const checked = checkOptions("crossEntropy", options, crossEntropyRules);
  if (logits.rank !== 2) {
    fail(
      {
        where: "crossEntropy",
        expected: "logits of shape [samples, classes]",
        got: showShape(logits.shape),
      },
      ShapeError,
    );
  }
  const s = checked.labelSmoothing;
  const losses =
    target instanceof Tensor
      ? ofProbabilities(logits, checkShape("crossEntropy", target, logits.shape), s)
      : crossEntropyOfIds([logits, idsOf(target, logits)], s);
  return reduce(losses, checked.reduction);
}

/** Here the target may have a gradient, too. */
function ofProbabilities(logits: Tensor, target: Tensor, s: number): Tensor {
  const logp = logSoftmax(logits);
  const own = sum(mul(target, logp), { axes: 1 });
  return neg(s === 0 ? own : add(mul(1 - s, own), mul(s, mean(logp, { axes: 1 }))));
}

/** The ids as a tensor of the logits' dtype. */
function idsOf(ids: readonly number[] | Int32Array, { shape, dtype }: Tensor): Tensor {
  const [samples, classes] = shape as readonly [number, number];
  if (ids.length !== samples) {
    fail(
      {
        where: "crossEntropy",
        expected: `${samples} class ids, one per sample`,
        got: String(ids.length),
      },
      ShapeError,
    );
  }
  for (let n = 0; n < samples; n++) {
    const id = ids[n]!;
    if (!Number.isInteger(id) || id < 0 || id >= classes) {
      fail(
        {
          where: "crossEntropy",
          expected: `class ids from 0 to ${classes - 1}`,
          got: `${id} at position ${n}`,
        },
        ValueError,
      );
    }
  }
  return tensor(Float64Array.from(ids), { dtype });
}

function checkShape(where: string, target: Tensor, shape: Shape): Tensor {
  if (sameShape(target.shape, shape)) return target;
  return fail(
    { where, expected: `a target of shape ${showShape(shape)}`, got: showShape(target.shape) },
    ShapeError,
  );
}

export interface MseOptions {
  /** Default "mean": over all elements. */
  readonly reduction?: Reduction;
}

/**
 * Squared error, (prediction − target)² per element. Shapes must be equal: [n, 1] against [n] is
 * refused, not broadcast.
 *
 * @throws ShapeError if the shapes differ.
 *
 * @example
 * mse(tensor([1, 2]), tensor([1, 4])).item(); // 2
 */
export function mse(prediction: Tensor, target: Tensor, options: MseOptions = {}): Tensor {
  const checked = checkOptions("mse", options, { reduction });
  checkShape("mse", target, prediction.shape);
  return reduce(square(sub(prediction, target)), checked.reduction);
}

import { fail, OptionError } from "@evenkeel/autodiff";
import { axis, checkOptions, flag, fractionOrNull, nonNegative } from "./options.ts";

/** Options of Keras' (and tfjs') BatchNormalization. */
export interface KerasOptions {
  /** Weight of the old statistics. Default 0.99. */
  readonly momentum?: number | null;
  /** Default 1e-3. */
  readonly epsilon?: number;
  /** Learn a bias. Default true. */
  readonly center?: boolean;
  /** Learn a weight. Default true. */
  readonly scale?: boolean;
  /** Where the channels are. Default -1. */
  readonly axis?: number;
}

/** The same in our options, which are PyTorch's. */
export interface FromKeras {
  readonly momentum: number;
  readonly eps: number;
  readonly affine: boolean;
  readonly channelAxis: number;
  readonly unbiasedRunningVar: boolean;
}

/**
 * Keras' options in PyTorch's vocabulary: momentum weighs the new batch instead of the old statistics,
 * and the running variance is the biased one.
 *
 * @throws OptionError for unknown options, and for only one of `center` and `scale`: keep both here and
 *   leave the other one out of training.
 *
 * @example
 * fromKeras({ momentum: 0.9 }); // momentum 0.1, eps 1e-3, channels last, biased running variance
 */
export function fromKeras(options: KerasOptions = {}): FromKeras {
  const checked = checkOptions("fromKeras", options, {
    momentum: fractionOrNull(0.99),
    epsilon: nonNegative(1e-3),
    center: flag(true),
    scale: flag(true),
    axis: axis(-1),
  });
  const { momentum, epsilon, center, scale } = checked;
  if (momentum === null || center !== scale) {
    fail(
      {
        where: "fromKeras",
        expected: "a momentum, and center and scale alike",
        got: JSON.stringify({ momentum, center, scale }),
        hint: "For only one of them take both and freeze weight at 1 or bias at 0.",
      },
      OptionError,
    );
  }
  return {
    momentum: 1 - momentum,
    eps: epsilon,
    affine: scale,
    channelAxis: checked.axis,
    unbiasedRunningVar: false,
  };
}

import { fail, OptionError } from "@evenkeel/autodiff";
import {
  type BatchOptions,
  batchOptions,
  count,
  flag,
  type OptionRule,
  type OptionRules,
  oneOf,
} from "@evenkeel/norm-core";

/** Options of `conditionalBatchNorm`. */
export interface ConditionalBatchNormOptions extends BatchOptions {
  /** Length of the embedding that the deltas are predicted from. */
  readonly embeddingSize: number;
  /** Units in the hidden layer of each MLP. Default 512. */
  readonly hiddenSize?: number;
  /** Predict a delta of gamma. Default true. */
  readonly useGamma?: boolean;
  /** Predict a delta of beta. Default true. */
  readonly useBeta?: boolean;
  /** Probability of a hidden unit to be dropped in training. Default 0. */
  readonly dropout?: number;
  /** First weights of the output layers: "zeros" starts from the base exactly. Default "xavier". */
  readonly outInit?: "xavier" | "zeros";
  /** Divide the running mean by 1 − (1 − momentum)^batches, as the published code. Default false. */
  readonly zeroDebiasMean?: boolean;
}

const probability: OptionRule<number> = {
  fallback: 0,
  expected: "a number >= 0 and < 1",
  legal: (v) => typeof v === "number" && v >= 0 && v < 1,
};

export const optionRules: OptionRules<ConditionalBatchNormOptions> = {
  ...batchOptions,
  embeddingSize: count(),
  hiddenSize: count(512),
  useGamma: flag(true),
  useBeta: flag(true),
  dropout: probability,
  outInit: oneOf(["xavier", "zeros"], "xavier"),
  zeroDebiasMean: flag(false),
};

/** Refuses options that do not go together. */
export function checkTogether(options: Required<ConditionalBatchNormOptions>): void {
  const where = "conditionalBatchNorm";
  const { useGamma, useBeta, zeroDebiasMean, momentum } = options;
  if (!useGamma && !useBeta) {
    fail(
      {
        where,
        expected: "useGamma or useBeta",
        got: "neither",
        hint: "Without deltas this is batch norm: take batchNorm.",
      },
      OptionError,
    );
  }
  if (zeroDebiasMean && !momentum) {
    fail(
      {
        where,
        expected: "a momentum above 0 with zeroDebiasMean",
        got: String(momentum),
        hint: "A cumulative average has no bias to take away.",
      },
      OptionError,
    );
  }
}

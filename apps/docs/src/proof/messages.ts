import type { Agreement, GradientFigures } from "@evenkeel/testkit";
import type { Failure } from "../runner/messages.ts";

/** What the page asks of the worker. */
export interface ProofJob {
  /** The variant's folder: "batch-norm". */
  readonly norm: string;
  readonly seed: number;
}

/** One call of the norm, in words. */
export interface CallWords {
  readonly options: string;
  readonly mode: string;
}

/** What the worker tells, call by call: first all references, then all gradients. */
export type ProofReport =
  | {
      readonly type: "calls";
      readonly calls: readonly CallWords[];
      /** Of the input, where all calls have the same. */
      readonly shape: string;
      /** Orders of gradient that the case promises. */
      readonly order: number;
      /** Why there are no more than that. */
      readonly reason?: string;
    }
  | { readonly type: "reference"; readonly call: number; readonly agreement: Agreement }
  | {
      readonly type: "gradients";
      readonly call: number;
      readonly figures: readonly GradientFigures[];
    }
  | { readonly type: "done"; readonly seconds: number }
  | { readonly type: "failed"; readonly failure: Failure };

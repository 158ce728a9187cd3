import type { LayerHistogram } from "@evenkeel/diagnostics";

/** What a comparison of norms measured; plain data, so that it can be stored as JSON. */
export interface CompareResult {
  readonly dataset: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly classes: readonly string[];
    readonly trainCount: number;
    readonly testCount: number;
    /** The domain of all test images, if none of it was trained on. */
    readonly heldOut?: string;
  };
  /** Training steps by batch size. */
  readonly steps: Readonly<Record<number, number>>;
  readonly seeds: readonly number[];
  readonly norms: readonly string[];
  readonly batchSizes: readonly number[];
  readonly runs: readonly RunResult[];
  readonly threads: number;
  /** Wall time of the whole comparison. */
  readonly seconds: number;
  readonly skipped: readonly Skipped[];
}

export interface Skipped {
  readonly norm: string;
  readonly batchSize: number;
  readonly why: string;
}

/** One network trained with one norm, batch size and seed. */
export interface RunResult {
  readonly norm: string;
  readonly batchSize: number;
  readonly seed: number;
  /** Training loss at each of `lossSteps`; not finite where the run diverged. */
  readonly losses: readonly number[];
  readonly lossSteps: readonly number[];
  /** On the test images, 0 to 1. */
  readonly accuracy: number;
  /** With a domain held out: of each way to evaluate the network; the first is `accuracy`. */
  readonly ways?: readonly WayResult[];
  readonly msPerStep: number;
  readonly histograms: readonly LayerHistogram[];
  readonly diverged: boolean;
}

/** A way to evaluate a trained network, such as by statistics of the test batch. */
export interface WayResult {
  readonly name: string;
  /** On the test images, 0 to 1. */
  readonly accuracy: number;
}

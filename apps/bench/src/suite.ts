/** Outputs of one step by name, flat, in the order the reference has them. */
export type Outputs = Readonly<Record<string, ArrayLike<number>>>;

type MaybePromise<T> = T | Promise<T>;

/** One engine made ready for one case: inputs are in its memory, in its layout. */
export interface Prepared {
  /** As many steps as the case repeats. An engine that keeps time elsewhere returns its milliseconds. */
  run(): MaybePromise<number | undefined>;
  /** What a first step computes, for the check; null where there is nothing to compare. */
  outputs(): MaybePromise<Outputs | null>;
  release?(): MaybePromise<void>;
}

export interface Engine<Case> {
  readonly name: string;
  readonly threads: number;
  /** null: this engine has no such case. */
  prepare(benchCase: Case): MaybePromise<Prepared | null>;
  stop?(): void;
}

/** What every case says, whatever it is a case of. */
export interface AnyCase {
  /** Of the outputs, those that are compared. Default: all. */
  readonly compared?: readonly string[];
  /** A case on which an engine must be right as well: the same program where all can be compared. */
  readonly proof?: AnyCase;
  readonly name: string;
  readonly repeat?: number;
  readonly engines?: readonly string[];
  readonly slow?: readonly string[];
}

export interface Suite<Case> {
  readonly name: string;
  /** Numbers of threads that it is run on, by the engines that can choose. */
  readonly threads: readonly number[];
  /** Cases that are timed in turns with each other, so that their times can be compared. */
  readonly races: readonly (readonly Case[])[];
}

/** What came of one engine on one case. No time is taken of an engine whose results are wrong. */
export interface Outcome {
  readonly suite: string;
  readonly case: string;
  readonly engine: string;
  readonly threads: number;
  readonly runs: number;
  /** Of one step. null: not timed, because `error` is above the tolerance. */
  readonly medianMs: number | null;
  /** Largest relative difference from the reference; null where there is nothing to compare. */
  readonly error: number | null;
  readonly heap?: Heap;
}

/** Bytes in use after so many steps: V8's heap, what hangs on it, and WebAssembly memory. */
export interface Heap {
  readonly after200: number;
  readonly after2000: number;
}

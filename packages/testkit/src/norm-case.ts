import type { Random, Shape, Tensor } from "@evenkeel/autodiff";
import type { BoundNorm, Mode, Norm, Tensors } from "@evenkeel/norm-core";
import type { GoldenAdapter } from "./golden-step.ts";
import type { NdArray, Plain } from "./ndarray.ts";

/** A call of a norm in plain float64 numbers: what a reference is given. */
export interface NormCall<O, C = never> {
  readonly x: NdArray;
  readonly params: Readonly<Record<string, NdArray>>;
  readonly state: Readonly<Record<string, NdArray>>;
  readonly mode: Mode;
  /** As the case lists them: without defaults. */
  readonly options: O;
  readonly condition: Plain<C> | undefined;
}

/** A call of a norm, drawn: what laws and rejections are given. */
export interface NormSample<O, C = never> {
  readonly bound: BoundNorm<C>;
  readonly options: O;
  readonly mode: Mode;
  /** [N, C, …space], float64. */
  readonly x: Tensor;
  readonly params: Tensors;
  readonly state: Tensors;
  readonly condition: C | undefined;
  /** For further numbers that the check needs. */
  readonly seed: number;
}

/** What every norm promises; a case may say why its method cannot keep one of them. */
export type NormPromise =
  | "gradients"
  | "repeatable"
  | "constantState"
  | "channelAxis"
  | "permutation"
  | "splitting"
  | "extremes"
  | "misuse"
  | "float32";

/** Shapes that a method is tried on: [N, C, …space]. */
export interface NormShapes {
  /** Default 2 to 5. */
  readonly ranks?: readonly number[];
  /** Default 1 to 4. */
  readonly channels?: readonly number[];
  /** Default 1 to 5. */
  readonly batch?: readonly number[];
  /** Default 1 to 3. */
  readonly side?: readonly number[];
}

/** Parameters at which a norm equals a simpler one. */
export interface Reduction<O, C = never> {
  /** "batch norm at weight 1": completes "equals …". */
  readonly name: string;
  /** The options it holds for; undefined where it does not. Default: all, as they are. */
  readonly options?: (options: O) => O | undefined;
  readonly params?: (params: Tensors) => Tensors;
  readonly modes?: readonly Mode[];
  /** The simpler norm's output, in plain loops. */
  readonly equals: (call: NormCall<O, C>) => NdArray;
}

/** How a norm is told which of several domains each sample comes from. */
export interface DomainUse<O, C = never> {
  /** The usual options, made for a number of domains. */
  readonly options: (usual: O, numDomains: number) => O;
  /** Of a batch with these domains, ids from 0. */
  readonly condition: (domains: Int32Array, numDomains: number) => C;
}

/** A property of this method alone. */
export interface Law<O, C = never> {
  /** A sentence. */
  readonly name: string;
  readonly modes?: readonly Mode[];
  /** Throws where it does not hold. */
  readonly holds: (sample: NormSample<O, C>) => void;
}

/** A misuse and its whole message. */
export interface Rejection<O, C = never> {
  readonly name: string;
  /** Given a fixed training call: x [4, channels, 3] where the case's shapes allow, first options. */
  readonly run: (sample: NormSample<O, C>) => unknown;
  readonly message: string;
}

/**
 * Everything that `normSuite` must know of a norm. Only `norm`, `options` and `reference` are needed;
 * it is data and pure functions, so it is published beside the norm and runs anywhere.
 */
export interface NormCase<O extends object, C = never> {
  readonly norm: Norm<O, C>;
  /** Options to try on x of a shape [N, C, …space]. The first should be the usual ones. */
  readonly options: (channels: number, shape: Shape) => readonly O[];
  /** The paper's equations in plain float64 loops: the output and the next state. */
  readonly reference: (call: NormCall<O, C>) => {
    readonly output: NdArray;
    readonly state: Readonly<Record<string, NdArray>>;
  };

  readonly shapes?: NormShapes;
  /** Whether the method takes a shape; what it does not must throw. Default: everything. */
  readonly accepts?: (shape: Shape, options: O, mode: Mode) => boolean;
  /** Default: training, evaluation, and batch statistics without an update. */
  readonly modes?: readonly Mode[];

  /** Default: normal numbers, mean and spread drawn too. */
  readonly x?: (stream: Random, shape: Shape, options: O) => Tensor;
  /** Default: the initial ones with normal noise. */
  readonly params?: (stream: Random, initial: Tensors, options: O) => Tensors;
  /** Default: what up to two training steps from the initial one reach. */
  readonly state?: (stream: Random, initial: Tensors, options: O) => Tensors;
  /** Conditions for x of a shape; tensors in float64. Default: none. */
  readonly condition?: (stream: Random, shape: Shape, options: O) => C | undefined;
  /** The condition of some of the samples. Default: rows of every tensor and array of N entries. */
  readonly conditionRows?: (condition: C, rows: readonly number[]) => C;
  /** For comparisons on images whose domain is known; their label is never told. Default: no condition. */
  readonly domains?: DomainUse<O, C>;
  /** Gradients reach every tensor of the condition. Default false. */
  readonly conditionGradients?: boolean;

  /**
   * Whether some numbers of x are normalized by statistics of others, as masked ones are: their true
   * output may be too large for the dtype. Default: by running statistics.
   */
  readonly foreignStatistics?: (sample: NormSample<O, C>) => boolean;
  /** Why an extreme input, by its name, is not tried on a sample. Default: undefined, all are tried. */
  readonly exceptExtreme?: (extreme: string, sample: NormSample<O, C>) => string | undefined;
  /** A sample's output never depends on the rest of the batch. Default false. */
  readonly batchIndependent?: boolean;
  /** Orders up to which gradients equal differences. Default 3; else say why in `exceptions.gradients`. */
  readonly gradientOrder?: 0 | 1 | 2 | 3;
  /** Promises that the method cannot keep, each with the reason; they are not checked. */
  readonly exceptions?: { readonly [promise in NormPromise]?: string };

  readonly reducesTo?: readonly Reduction<O, C>[];
  readonly laws?: readonly Law<O, C>[];
  readonly rejects?: readonly Rejection<O, C>[];
  /** Golden files by method, and how their cases become calls; the files are given to the suite. */
  readonly golden?: readonly GoldenAdapter<O, C>[];
}

import type { Outputs } from "./suite.ts";

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** What a layer computes; its inputs have the names that PyTorch gives them. */
export type Layer =
  | NormLayer
  | { readonly kind: "matmul" | "add" }
  | { readonly kind: "conv2d"; readonly stride: number; readonly padding: number }
  | { readonly kind: "maxPool2d" | "avgPool2d"; readonly kernelSize: number };

export interface NormLayer {
  readonly kind: "norm";
  /** As in its card: "batchNorm". */
  readonly id: string;
  /** All of them, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Behind the norm. Default: none. */
  readonly activation?: "relu";
  /** What ours is conditioned on, in float64; undefined where it does without. */
  readonly condition?: unknown;
  /** Whether gradients reach the condition; then it holds nothing but tensors. */
  readonly conditionGradients: boolean;
}

/**
 * Forward and backward of one layer: the output, and the gradients of every input for the cotangent
 * g, which stands for what the layers above would hand down.
 */
export interface LayerCase {
  readonly type: "layer";
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly g: Values;
  /** Outputs that are compared. Default: all. */
  readonly compared?: readonly string[];
  /** Steps a run: short ones are timed by the thousand. Default 1. */
  readonly repeat?: number;
  /** The engines that have it. Default: all that can. */
  readonly engines?: readonly string[];
  /** Engines that take minutes, and run it only when they are asked for by name. */
  readonly slow?: readonly string[];
}

export type NetworkName = "resnet20" | "lab" | "2-16-1";

/** The step of an optimizer: SGD with momentum, from the same parameters in every engine. */
export interface TrainCase {
  readonly type: "train";
  readonly name: string;
  readonly network: NetworkName;
  readonly x: Values;
  /** A class per sample for cross-entropy, or values for the mean squared error. */
  readonly target: Int32Array | Values;
  /** Parameters and buffers at the start, by PyTorch's names. */
  readonly state: Readonly<Record<string, Values>>;
  /** Outputs that are compared, where others jump; `proof` compares those. Default: all. */
  readonly compared?: readonly string[];
  readonly proof?: TrainCase;
  /** Without it a step ends with the gradients. */
  readonly sgd?: { readonly lr: number; readonly momentum: number };
  readonly repeat?: number;
  readonly slow?: readonly string[];
}

export type BenchCase = LayerCase | TrainCase;

/** "grad weight": under this name a gradient is compared. */
export function gradientName(input: string): string {
  return `grad ${input}`;
}

/** Whether a name in a network's state is a buffer's: of batch norm. */
export function isBuffer(name: string): boolean {
  return /\.(running_mean|running_var|num_batches_tracked)$/.test(name);
}

/** Floating-point operations, counted as the formula has them: a multiply-add is two. */
export type Work = (benchCase: string) => number | undefined;

/**
 * The largest difference of any array, relative to that array's largest value. Where all values are
 * nearly zero, as the gradient of a bias before a norm is, what is left is rounding; so no array
 * counts as smaller than a thousandth of the largest one.
 */
export function relativeError(actual: Outputs, expected: Outputs): number {
  const sizes = Object.values(expected).map(largest);
  const least = 1e-3 * Math.max(...sizes);
  let worst = 0;
  for (const [name, right] of Object.entries(expected)) {
    const got = actual[name];
    if (got === undefined || got.length !== right.length) return Number.POSITIVE_INFINITY;
    let difference = 0;
    for (let i = 0; i < right.length; i++) {
      // Math.max hands NaN on, and a NaN error is no agreement.
      difference = Math.max(difference, Math.abs(got[i]! - right[i]!));
    }
    worst = Math.max(worst, difference / Math.max(largest(right), least));
  }
  return worst;
}

function largest(values: ArrayLike<number>): number {
  let size = 0;
  for (let i = 0; i < values.length; i++) size = Math.max(size, Math.abs(values[i]!));
  return size;
}

import { fail, type Shape, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import { checkOptions, nonNegative, type OptionRules, oneOf } from "@evenkeel/norm-core";
import { type DrawOptions, drawRules, streamOf } from "./rules.ts";

const nonlinearities = ["linear", "sigmoid", "tanh", "relu", "leakyRelu"] as const;
export type Nonlinearity = (typeof nonlinearities)[number];

/** Inputs and outputs of one unit: sizes of the first two axes times those of the rest. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const [out, input, ...field] = shape;
  if (out === undefined || input === undefined) {
    fail(
      { where: "fans", expected: "a weight of at least two axes", got: showShape(shape) },
      ShapeError,
    );
  }
  const size = field.reduce((a, b) => a * b, 1);
  return { fanIn: input * size, fanOut: out * size };
}

/**
 * By how much a nonlinearity shrinks the spread: relu √2, leakyRelu √(2 / (1 + slope²)), tanh 5/3, else 1.
 *
 * @param slope - Of leakyRelu below zero. Default 0.01.
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (nonlinearity === "tanh") return 5 / 3;
  if (nonlinearity === "relu") return Math.SQRT2;
  return nonlinearity === "leakyRelu" ? Math.sqrt(2 / (1 + slope ** 2)) : 1;
}

export interface KaimingOptions extends DrawOptions {
  /** Keep the spread of activations ("fanIn") or of gradients ("fanOut"). Default "fanIn". */
  readonly mode?: "fanIn" | "fanOut";
  /** What follows the layer. Default "leakyRelu". */
  readonly nonlinearity?: Nonlinearity;
  /** Slope of leakyRelu. Default 0, which is relu. */
  readonly slope?: number;
}

const kaimingRules: OptionRules<KaimingOptions> = {
  mode: oneOf(["fanIn", "fanOut"], "fanIn"),
  nonlinearity: oneOf(nonlinearities, "leakyRelu"),
  slope: nonNegative(0),
  ...drawRules,
};

function kaimingStd(where: string, shape: Shape, options: KaimingOptions): number {
  const { mode, nonlinearity, slope } = checkOptions(where, options, kaimingRules);
  return gainOf(nonlinearity, slope) / Math.sqrt(fans(shape)[mode]);
}

/**
 * He's initial weights, uniform in ±gain·√(3 / fan). Defaults are PyTorch's.
 *
 * @example
 * conv.weight.replace(kaimingUniform([16, 3, 3, 3], { mode: "fanOut", nonlinearity: "relu" }));
 */
export function kaimingUniform(shape: Shape, options: KaimingOptions = {}): Tensor {
  return uniform(shape, Math.sqrt(3) * kaimingStd("kaimingUniform", shape, options), options);
}

/** He's initial weights, normal with standard deviation gain / √fan. Defaults are PyTorch's. */
export function kaimingNormal(shape: Shape, options: KaimingOptions = {}): Tensor {
  return normal(shape, kaimingStd("kaimingNormal", shape, options), options);
}

export interface XavierOptions extends DrawOptions {
  /** Default 1; see `gainOf`. */
  readonly gain?: number;
}
const xavierRules: OptionRules<XavierOptions> = { gain: nonNegative(1), ...drawRules };

function xavierStd(where: string, shape: Shape, options: XavierOptions): number {
  const { gain } = checkOptions(where, options, xavierRules);
  const { fanIn, fanOut } = fans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Glorot's initial weights, uniform in ±gain·√(6 / (fanIn + fanOut)). */
export function xavierUniform(shape: Shape, options: XavierOptions = {}): Tensor {
  return uniform(shape, Math.sqrt(3) * xavierStd("xavierUniform", shape, options), options);
}

/** Glorot's initial weights, normal with standard deviation gain·√(2 / (fanIn + fanOut)). */
export function xavierNormal(shape: Shape, options: XavierOptions = {}): Tensor {
  return normal(shape, xavierStd("xavierNormal", shape, options), options);
}

/** Uniform in ±bound. */
export function uniform(shape: Shape, bound: number, options: DrawOptions): Tensor {
  const { dtype = "float32" } = options;
  return streamOf(options).uniform(shape, { low: -bound, high: bound, dtype });
}

function normal(shape: Shape, std: number, options: DrawOptions): Tensor {
  const { dtype = "float32" } = options;
  return streamOf(options).normal(shape, { std, dtype });
}

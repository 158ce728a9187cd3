import type { Tensor } from "@evenkeel/autodiff";
import type { Conv2d } from "@evenkeel/nn";
import type { Pass } from "../watch.ts";
import {
  type FrequencyRanks,
  frequencyEnergies,
  frequencyRanks,
  largestValue,
} from "./measures.ts";
import { activationSpectrum, convolutionSpectrum, type Spectrum } from "./spectrum.ts";

/** One convolution. */
export interface BottleneckLayer {
  /** Its name in the model. */
  readonly name: string;
  /** On the grid of the layer's input, with the scale of a norm that follows at once. */
  readonly weights: Spectrum;
  readonly weightRanks: FrequencyRanks;
  /** Of what the convolution gives. */
  readonly activations: Spectrum;
  readonly activationRanks: FrequencyRanks;
  /** Σ K², of the kernel with the norm's scale. */
  readonly frobeniusSquared: number;
  /** The sum of all squared singular values; height·width·Σ K² where the kernel fits into the grid. */
  readonly operatorSquared: number;
}

/** A convolution that has run; what norm follows is not known yet. */
export interface Found {
  readonly pass: Pass;
  readonly conv: Conv2d;
  readonly activations: Spectrum;
}

/** Reads the activations while they are there. */
export function foundIn(pass: Pass, conv: Conv2d): Found {
  return { pass, conv, activations: activationSpectrum(pass.output) };
}

/** The record of a convolution, with thresholds as shares of the largest value of each spectrum. */
export function layerOf(
  { pass, conv, activations }: Found,
  scale: Float64Array | undefined,
  thresholds: { readonly weightThreshold: number; readonly activationThreshold: number },
): BottleneckLayer {
  const [height, width] = pass.input.shape.slice(2) as [number, number];
  const { dilation } = conv.slide;
  const kernel = conv.weight.value;
  const weights = convolutionSpectrum(kernel, {
    height,
    width,
    dilation,
    groups: conv.groups,
    scale,
  });
  const ranks = (spectrum: Spectrum, share: number): FrequencyRanks =>
    frequencyRanks(spectrum, share * largestValue(spectrum));
  return {
    name: pass.name,
    weights,
    weightRanks: ranks(weights, thresholds.weightThreshold),
    activations,
    activationRanks: ranks(activations, thresholds.activationThreshold),
    frobeniusSquared: squaresOf(kernel, scale),
    operatorSquared: frequencyEnergies(weights).reduce((sum, e) => sum + e, 0),
  };
}

/** Σ K², of the kernel with the scale. */
function squaresOf({ data, size, shape }: Tensor, scale: Float64Array | undefined): number {
  const each = size / shape[0]!;
  let sum = 0;
  for (let i = 0; i < size; i++) sum += ((scale?.[Math.floor(i / each)] ?? 1) * data[i]!) ** 2;
  return sum;
}

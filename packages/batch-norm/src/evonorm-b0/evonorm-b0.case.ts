import { tensor, zeros } from "@evenkeel/autodiff";
import { evaluation } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import { acceptsBatch, everyMode } from "../branch.case.ts";
import { evonormB0Reference } from "./evonorm-b0.reference.ts";
import { type EvonormB0Options, evonormB0 } from "./evonorm-b0.ts";

/** What EvoNorm-B0 promises, as data for `normSuite`. */
export const evonormB0Case: NormCase<EvonormB0Options> = {
  norm: evonormB0,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, momentum: null },
    { numFeatures, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: true },
    { numFeatures, nonlinearity: false },
  ],
  reference: evonormB0Reference,
  modes: everyMode,
  accepts: (shape, { nonlinearity = true }, mode) => !nonlinearity || acceptsBatch(shape, {}, mode),
  // x is not centered: over the small deviation of large numbers that are alike it is as large as it looks.
  foreignStatistics: () => true,
  exceptExtreme: (extreme) =>
    extreme === "numbers near float32's largest"
      ? "v·x overflows before it is divided by"
      : undefined,
  laws: [
    {
      name: "no output is larger than the weight allows where x is positive",
      holds({ bound, x, params, state, mode }) {
        const { v, weight, bias } = params;
        if (!v) return;
        const { output } = bound.apply(x, params, state, { mode });
        const [samples, channels] = x.shape as [number, number];
        const space = x.size / samples / channels;
        output.data.forEach((y, i) => {
          const c = Math.floor(i / space) % channels;
          // x / (v·x + …) < 1/v
          const [slope, w] = [v.data[c]!, Math.abs(weight!.data[c]!)];
          if (x.data[i]! <= 0 || slope <= 0) return;
          const size = Math.abs(y - bias!.data[c]!);
          if (size > (w / slope) * (1 + 1e-12)) throw new Error(`${size} at position ${i}`);
        });
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "evonormB0: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) => bound.apply(zeros([1, 3, 1]), params, state),
      message:
        "evonormB0: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or EvoNorm-S0.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "evonormB0: expected a finite running variance, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "Infinity in the running variance",
      run({ bound, x, params, state }) {
        const runningVar = tensor(Float64Array.of(1, Number.POSITIVE_INFINITY, 1));
        bound.apply(x, params, { ...state, runningVar }, { mode: evaluation });
      },
      message:
        "evonormB0: expected a finite running variance, got Infinity in channel 1. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [
    {
      method: "evonorm",
      options: ({ variant, eps, momentum, nonlinearity, runningVar }, xShape) =>
        variant === "B0"
          ? ({
              ...{ numFeatures: xShape[1]!, eps, momentum, nonlinearity },
              unbiasedRunningVar: runningVar === "unbiased",
            } as EvonormB0Options)
          : undefined,
      names: { running_var: "runningVar" },
    },
  ],
};

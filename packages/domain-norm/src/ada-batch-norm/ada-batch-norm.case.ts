import { gather, type Tensor, tensor } from "@evenkeel/autodiff";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { NormCase } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  everyMode,
  expectNear,
  trainedState,
  valuesOf,
} from "../shared.case.ts";
import { adaBatchNormReference } from "./ada-batch-norm.reference.ts";
import { type AdaBatchNormOptions, adaBatchNorm } from "./ada-batch-norm.ts";

/** What AdaBN promises, as data for `normSuite`. */
export const adaBatchNormCase: NormCase<AdaBatchNormOptions> = {
  norm: adaBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, affine: false, unbiasedRunningVar: false },
    { numFeatures, estimator: "cumulative" },
    { numFeatures, estimator: "exponential", momentum: 0.3, eps: 1e-3 },
    { numFeatures, trackRunningStats: false },
  ],
  reference: adaBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state(stream, initial): Tensors {
    if (!initial["sampleCount"]) return initial;
    return {
      ...trainedState(stream, initial),
      sampleCount: tensor(stream.integer(9) * 2, { dtype: "float64" }),
    };
  },
  laws: [
    {
      name: "pooled over parts of a data set it has the statistics of the whole, and forgets the source",
      modes: [training],
      holds({ options, x, params, state }) {
        const [samples] = x.shape as [number];
        const half = Math.floor(samples / 2);
        if (options.trackRunningStats === false || half * (valuesOf(x.shape) / samples) < 2) return;
        const bound = adaBatchNorm({ ...options, estimator: "pooled" });
        const source = { ...state, sampleCount: tensor(0, { dtype: "float64" }) };
        const rows = Array.from({ length: samples }, (_, n) => n);
        const collect = (from: Tensors, part: Tensor): Tensors =>
          bound.apply(part, params, from).state;
        const parts = [rows.slice(0, half), rows.slice(half)].map((part) => gather(x, part));
        const byParts = parts.reduce(collect, source);
        const whole = collect(source, x);
        for (const name of ["runningMean", "runningVar", "sampleCount"])
          expectNear(byParts[name]!.data, whole[name]!.data);
      },
    },
  ],
  rejects: [
    ...batchRejections<AdaBatchNormOptions, never>("adaBatchNorm"),
    {
      name: "an estimator that does not exist",
      run: () => adaBatchNorm({ numFeatures: 3, estimator: "exact" as "pooled" }),
      message:
        'adaBatchNorm estimator: expected "pooled" or "cumulative" or "exponential", got "exact".',
    },
  ],
  golden: [
    {
      method: "adabn",
      options: ({ numFeatures, eps, estimator, unbiased }) =>
        ({ numFeatures, eps, estimator, unbiasedRunningVar: unbiased }) as never,
      mode: ({ step }) => (step.mode === "adapt" ? training : evaluation),
    },
  ],
};
